// Starts a Terraform provider as Terraform does, and kills it as soon as it has
// printed its handshake line: what Terraform waits for, five times in a plan.
//
//   handshake CERTIFICATE PROGRAM
//
// CERTIFICATE is a file with the client's certificate, in PEM. A killed plugin
// leaves its socket in TMPDIR.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "handshake: %s\n", what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 3) fail("CERTIFICATE PROGRAM is wanted");
  char certificate[8192] = "";
  FILE *file = fopen(argv[1], "r");
  if (!file || !fread(certificate, 1, sizeof certificate - 1, file)) fail("no certificate");
  setenv("TF_PLUGIN_MAGIC_COOKIE",
         "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", 1);
  setenv("PLUGIN_PROTOCOL_VERSIONS", "6,5", 1);
  setenv("PLUGIN_CLIENT_CERT", certificate, 1);

  int ends[2];
  if (pipe(ends)) fail("no pipe");
  pid_t plugin = fork();
  if (plugin < 0) fail("no process");
  if (!plugin) {
    dup2(ends[1], 1);
    close(ends[0]), close(ends[1]);
    execlp(argv[2], argv[2], (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  char line[8];
  if (read(ends[0], line, sizeof line) != sizeof line || memcmp(line, "1|6|unix", sizeof line))
    fail("no handshake line");
  kill(plugin, SIGKILL);
  return waitpid(plugin, NULL, 0) != plugin;
}
