// Times whole processes against each other.
//
//   race ROUNDS STDIN  NAME COMMAND [ARGUMENT...]  [-- NAME COMMAND ...]...
//
// Each round runs every command once, in a random order, so that all of them
// meet the same machine: what else runs there, warm and cold caches, a changing
// clock rate. So ratios are taken round by round, and their median is told; the
// first command is what the others are measured against. `{}` in an argument
// becomes the round's number. A command reads STDIN, its output is dropped, and
// it has to succeed.
//
// Prints a line for each command, separated by tabs: its name, the median time
// in microseconds, lower quartile, median and upper quartile of its ratio to the
// first command, its peak memory in kibibytes, and the median of its processor
// time in microseconds, which a busy machine disturbs least.
//
// Build it static: a child's peak memory counts from this process's own.

#define _GNU_SOURCE // asprintf, wait4

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { RIVALS = 16, WARM_UP = 5 };

struct rival {
  const char *name;
  char **argv;
  double *micros; // elapsed, one for each round
  double *busy;   // of these, on a processor
  long peak;
};

extern char **environ;

static _Noreturn void fail(const char *what, const char *which) {
  fprintf(stderr, "race: %s: %s\n", which, what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static uint64_t random_below(uint64_t limit) {
  static uint64_t state = 0x9e3779b97f4a7c15; // the same order at every run
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state % limit;
}

// A copy of `argument` with the round's number in place of `{}`.
static char *numbered(const char *argument, int round) {
  const char *mark = strstr(argument, "{}");
  char *copy;
  int length = mark ? asprintf(&copy, "%.*s%d%s", (int)(mark - argument), argument, round, mark + 2)
                    : asprintf(&copy, "%s", argument);
  if (length < 0) fail("out of memory", argument);
  return copy;
}

static double micros(struct timeval time) { return time.tv_sec * 1e6 + time.tv_usec; }

// Runs the command once, and notes how long that took.
static void run(struct rival *rival, int round, const char *input) {
  int count = 0;
  while (rival->argv[count]) count++;
  char *argv[count + 1];
  for (int i = 0; i < count; i++) argv[i] = numbered(rival->argv[i], round);
  argv[count] = NULL;

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);

  pid_t child;
  int status;
  struct rusage usage;
  double start = now();
  int error = posix_spawnp(&child, argv[0], &files, NULL, argv, environ);
  if (error) fail(strerror(error), argv[0]);
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) fail(strerror(errno), argv[0]);
  double took = now() - start;

  if (!WIFEXITED(status) || WEXITSTATUS(status)) fail("it did not succeed", rival->name);
  if (usage.ru_maxrss > rival->peak) rival->peak = usage.ru_maxrss;
  if (round >= 0) {
    rival->micros[round] = took;
    rival->busy[round] = micros(usage.ru_utime) + micros(usage.ru_stime);
  }
  posix_spawn_file_actions_destroy(&files);
  for (int i = 0; i < count; i++) free(argv[i]);
}

static int ascending(const void *one, const void *two) {
  double a = *(const double *)one, b = *(const double *)two;
  return (a > b) - (a < b);
}

// The value below which `part` of the values lie. Sorts them.
static double quantile(double *values, int count, double part) {
  qsort(values, count, sizeof *values, ascending);
  return values[(int)(part * (count - 1) + 0.5)];
}

// Splits the arguments at each `--`.
static int parse(char **argv, struct rival *rivals) {
  int count = 0;
  while (*argv) {
    if (count == RIVALS || !argv[1]) fail("NAME COMMAND [ARGUMENT...] is wanted", *argv);
    rivals[count++] = (struct rival){.name = argv[0], .argv = argv + 1};
    while (*argv && strcmp(*argv, "--")) argv++;
    if (*argv) *argv++ = NULL;
  }
  return count;
}

int main(int argc, char **argv) {
  struct rival rivals[RIVALS];
  int rounds = argc > 3 ? atoi(argv[1]) : 0;
  if (rounds < 1) fail("ROUNDS STDIN NAME COMMAND... is wanted", argv[0]);
  int count = parse(argv + 3, rivals);
  for (int i = 0; i < count; i++) {
    rivals[i].micros = calloc(rounds, sizeof(double));
    rivals[i].busy = calloc(rounds, sizeof(double));
  }

  for (int round = -WARM_UP; round < rounds; round++) {
    int order[RIVALS];
    for (int i = 0; i < count; i++) {
      int j = random_below(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    for (int i = 0; i < count; i++) run(&rivals[order[i]], round, argv[2]);
  }

  double *first = malloc(rounds * sizeof(double)), *ratios = malloc(rounds * sizeof(double));
  memcpy(first, rivals[0].micros, rounds * sizeof(double));
  for (int i = 0; i < count; i++) {
    for (int round = 0; round < rounds; round++) ratios[round] = rivals[i].micros[round] / first[round];
    printf("%s\t%.0f\t%.4f\t%.4f\t%.4f\t%ld\t%.0f\n", rivals[i].name,
           quantile(rivals[i].micros, rounds, 0.5), quantile(ratios, rounds, 0.25),
           quantile(ratios, rounds, 0.5), quantile(ratios, rounds, 0.75), rivals[i].peak,
           quantile(rivals[i].busy, rounds, 0.5));
  }
  return 0;
}
