# The web app, as the dashboard carries it.
{
  lib,
  stdenvNoCC,
  fetchPnpmDeps,
  nodejs,
  pnpm_10,
  pnpmConfigHook,
}:
let
  root = ../../crates/dashboard;
in
stdenvNoCC.mkDerivation (finalAttrs: {
  pname = "signalbox-web";
  inherit (lib.importJSON (root + "/web/package.json")) version;

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.difference (root + "/web") (
      lib.fileset.unions (
        map lib.fileset.maybeMissing [
          (root + "/web/dist")
          (root + "/web/e2e")
          (root + "/web/node_modules")
        ]
      )
    );
  };
  sourceRoot = "${finalAttrs.src.name}/web";

  nativeBuildInputs = [
    nodejs
    pnpm_10
    pnpmConfigHook
  ];
  pnpmDeps = fetchPnpmDeps {
    inherit (finalAttrs) pname version;
    # nothing but what it reads, so that it is fetched anew only when the packages change
    src = lib.fileset.toSource {
      root = root + "/web";
      fileset = lib.fileset.unions [
        (root + "/web/package.json")
        (root + "/web/pnpm-lock.yaml")
      ];
    };
    pnpm = pnpm_10;
    fetcherVersion = 3;
    hash = (lib.importJSON ../hashes.json).pnpm;
  };

  buildPhase = ''
    runHook preBuild
    pnpm run build
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    cp --recursive dist $out
    runHook postInstall
  '';

  meta = {
    description = "The web app of the dashboard";
    license = lib.licenses.asl20;
  };
})
