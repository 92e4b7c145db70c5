#!/usr/bin/env node
// Runs the program of the package for this platform in place of Node, where Node can do that
// (22.15 and later), and otherwise as its child process.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { name } = require("./package.json");

// Signals that ask a process to end or to do something; the rest are for Node itself.
const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"];
const CANNOT_RUN = 126;

function main() {
  const program = findProgram();
  const args = process.argv.slice(2);
  if (process.execve) {
    process.execve(program, [program, ...args], process.env);
  }
  run(program, args);
}

function findProgram() {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return require.resolve(`${name}-${platform}/gc-token`);
  } catch {
    refuse(`${name}-${platform} is not installed: optional dependencies were left out, or there is none for this platform`);
  }
}

function run(program, args) {
  // Before the child process starts: its first output may be answered with a signal.
  for (const signal of FORWARDED) {
    // A terminal sends these to the child process as well.
    const ofTerminal = ["SIGINT", "SIGQUIT", "SIGWINCH"].includes(signal) && process.stdin.isTTY;
    process.on(signal, () => ofTerminal || child.kill(signal));
  }
  const child = spawn(program, args, { stdio: "inherit" });
  child.on("error", (error) => refuse(`cannot run ${program}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exit(code);
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // A signal that this process ignores has not ended it.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
}

function refuse(message) {
  process.stderr.write(`gc-token: ${message}\n`);
  process.exit(CANNOT_RUN);
}

main();
