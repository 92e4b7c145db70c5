// The least that a cached answer can cost: read a file, print it.
//
// Built static, so that not even a dynamic linker runs.

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char bytes[1 << 16];
  int file = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
  ssize_t length = file < 0 ? -1 : read(file, bytes, sizeof bytes);
  return length > 0 && write(1, bytes, length) == length ? 0 : 1;
}
