# What one needs to work on Signalbox, at the versions that it is built with.
{
  mkShell,
  cargo,
  chromium,
  clippy,
  go,
  jq,
  nixfmt,
  nodejs,
  pnpm_10,
  rustc,
  rustfmt,
  shellcheck,
}:
mkShell {
  packages = [
    cargo
    clippy
    go
    jq
    nixfmt
    nodejs
    pnpm_10
    rustc
    rustfmt
    shellcheck
  ];
  env.CHROMIUM = "${chromium}/bin/chromium";
}
