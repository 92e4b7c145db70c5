# For pkgs.callPackage.
{
  lib,
  stdenvNoCC,
  fetchurl,
  installShellFiles,
}:

let
  sources = {
    x86_64-linux = {
      url = "@URL_X86_64@";
      sha256 = "@SUM_X86_64@";
    };
    aarch64-linux = {
      url = "@URL_AARCH64@";
      sha256 = "@SUM_AARCH64@";
    };
  };
  system = stdenvNoCC.hostPlatform.system;
in
stdenvNoCC.mkDerivation {
  pname = "gc-token";
  version = "@VERSION@";

  src = fetchurl (sources.${system} or (throw "gc-token has no archive for ${system}"));

  nativeBuildInputs = [ installShellFiles ];

  installPhase = ''
    runHook preInstall
    install -Dm755 gc-token $out/bin/gc-token
    installManPage man/*.1
    installShellCompletion --bash --name gc-token completions/gc-token.bash
    installShellCompletion --zsh completions/_gc-token
    installShellCompletion --fish completions/gc-token.fish
    runHook postInstall
  '';

  meta = {
    description = "@DESCRIPTION@";
    homepage = "@REPOSITORY@";
    license = lib.licenses.mit;
    mainProgram = "gc-token";
    platforms = builtins.attrNames sources;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
}
