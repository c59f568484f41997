# The third-party programs of one tool, built as stack/go/compile builds them: version, build tags, overlay, and where the program keeps its
# version are its own files.
{
  lib,
  buildGoModule,
  tool,
}:
let
  folder = ../../stack/go/${tool};
  lines = lib.splitString "\n" (builtins.readFile (folder + "/go.mod"));

  matches = pattern: lib.filter (found: found != null) (map (builtins.match pattern) lines);

  # `tool example.org/x/cmd/y`, or a line of a block of them
  packages = map lib.last (matches "(tool |\t)([^ ()]+)");
  programs = map baseNameOf packages;

  # The required module that the programs are in; a program may be the module's root.
  required =
    lib.findFirst (found: lib.hasPrefix "${lib.elemAt found 1}/" "${lib.head packages}/")
      (throw "stack/go/${tool}/go.mod requires no module that holds ${lib.head packages}")
      (matches "(require |\t)([^ ]+) v([^ ]+).*");
  module = lib.elemAt required 1;
  moduleVersion = lib.elemAt required 2;

  # Prometheus 3.15.0 is the module v0.315.0, for Go wants /v3 in the path of a v3 module.
  prometheusVersion = builtins.match "0\\.([0-9])([0-9]{2})\\.([0-9]+)" moduleVersion;
  version =
    if tool == "prometheus" && prometheusVersion != null then
      lib.concatMapStringsSep "." (part: toString (lib.toIntBase10 part)) prometheusVersion
    else
      moduleVersion;

  hasOverlay = builtins.pathExists (folder + "/overlay");
  # A file of the tool's with a word on each line; not every tool has every one.
  words =
    name:
    let
      file = folder + "/${name}";
    in
    lib.optionals (builtins.pathExists file) (
      lib.filter (word: word != "") (lib.splitString "\n" (builtins.readFile file))
    );
  # most of these programs say the version that they find in Prometheus' common module
  versionVariables =
    let
      own = words "version-variables";
    in
    if own == [ ] then [ "github.com/prometheus/common/version.Version" ] else own;
in
buildGoModule (finalAttrs: {
  pname = tool;
  inherit version;

  src = lib.fileset.toSource {
    root = folder;
    fileset = folder;
  };
  vendorHash =
    (lib.importJSON ../hashes.json).go.${tool}
      or (throw "nixos/hashes.json has no hash of stack/go/${tool}: run nixos/hashes --update");

  # -e: a module that embeds a file which only the overlay has is passed over here; compiling is strict again
  modBuildPhase = ''
    runHook preBuild
    go mod vendor ${lib.optionalString hasOverlay "-e"}
    runHook postBuild
  '';

  env.CGO_ENABLED = 0;
  tags = words "tags";
  ldflags = [
    "-s"
    "-w"
  ]
  ++ map (variable: "-X ${variable}=${version}") versionVariables;

  buildPhase = ''
    runHook preBuild
    ${lib.optionalString hasOverlay ''
      chmod --recursive u+w vendor
      cp --recursive --no-preserve=mode overlay/. vendor/${module}
    ''}
    mkdir --parents $out/bin
    go build -p "$NIX_BUILD_CORES" -buildvcs=false -tags=${lib.concatStringsSep "," finalAttrs.tags} \
      -ldflags="${lib.concatStringsSep " " finalAttrs.ldflags}" -o $out/bin/ tool
    runHook postBuild
  '';
  # the tools' own tests are their makers'
  doCheck = false;
  dontInstall = true;

  # nixpkgs' module of Prometheus looks for promtool there
  passthru.cli = finalAttrs.finalPackage;

  meta = {
    description = "${lib.concatStringsSep ", " programs}, as pinned in stack/go/${tool}";
    homepage = "https://${module}";
    mainProgram = if lib.elem tool programs then tool else lib.head programs;
  };
})
