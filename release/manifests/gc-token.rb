# Homebrew's formula, for a tap.
class GcToken < Formula
  desc "@DESCRIPTION@"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "@LICENSE@"

  depends_on :linux

  on_intel do
    url "@URL_X86_64@"
    sha256 "@SUM_X86_64@"
  end

  on_arm do
    url "@URL_AARCH64@"
    sha256 "@SUM_AARCH64@"
  end

  def install
    bin.install "gc-token"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/gc-token.bash" => "gc-token"
    zsh_completion.install "completions/_gc-token"
    fish_completion.install "completions/gc-token.fish"
  end

  test do
    assert_equal "gc-token #{version}", shell_output("#{bin}/gc-token --version").strip
  end
end
