# Evaluates a formula of Homebrew without Homebrew:
#
#     ruby formula.rb FORMULA intel|arm PREFIX
#
# Prints its version, and URL and sum for the processor; installs into PREFIX from the current
# directory, as `brew` does after it has entered the archive's only folder.

require "fileutils"

PROCESSOR, PREFIX = ARGV[1], ARGV[2]

class Destination
  def initialize(path)
    @path = File.join(PREFIX, path)
  end

  def install(*files)
    FileUtils.mkdir_p(@path)
    files.flatten.each do |file|
      names = file.is_a?(Hash) ? file : { file => File.basename(file) }
      names.each { |from, to| FileUtils.cp(from, File.join(@path, to)) }
    end
  end
end

class Formula
  def self.values
    @values ||= {}
  end

  %i[desc homepage version license url sha256].each do |name|
    define_singleton_method(name) { |value| values[name] = value }
  end

  def self.depends_on(*) = nil
  def self.test = nil
  def self.on_intel = (yield if PROCESSOR == "intel")
  def self.on_arm = (yield if PROCESSOR == "arm")

  {
    bin: "bin", man1: "share/man/man1", bash_completion: "etc/bash_completion.d",
    zsh_completion: "share/zsh/site-functions", fish_completion: "share/fish/vendor_completions.d"
  }.each do |name, path|
    define_method(name) { Destination.new(path) }
  end
end

load ARGV[0]
GcToken.new.install
puts GcToken.values.values_at(:version, :url, :sha256)
