// The `bootstrap` of a C++ function whose executable is linked dynamically.
//
// An executable names its loader by an absolute path, and the loader and C library of the machine that built
// it are rarely those of the machine that runs it. So the package brings both, and this program, which needs
// neither, starts the executable through them wherever the package happens to lie:
//
//     DIR/lib/LOADER --library-path DIR/lib DIR/bin/PROGRAM arguments...
//
// Not LD_LIBRARY_PATH: that would be inherited by whatever the executable starts. The two names are written
// into this file's bytes when the package is made. No C library here: a few system calls are all it takes.

#define PATH_SIZE 4096

static volatile const char loader_name[256] = "@lambdapool loader@";
static volatile const char program_name[256] = "@lambdapool program@";

#if defined(__x86_64__)
enum { SYSTEM_WRITE = 1, SYSTEM_EXECVE = 59, SYSTEM_EXIT = 60, SYSTEM_READLINKAT = 267 };

static long system_call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(
    ".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call launch\n  hlt\n");

#elif defined(__aarch64__)
enum { SYSTEM_WRITE = 64, SYSTEM_EXECVE = 221, SYSTEM_EXIT = 93, SYSTEM_READLINKAT = 78 };

static long system_call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl launch\n  brk #0\n");

#else
#error "AWS Lambda runs on x86_64 and arm64"
#endif

enum { CURRENT_DIRECTORY = -100, AUXILIARY_END = 0, AUXILIARY_EXECUTABLE_NAME = 31 };

// Copies text up to its end; the empty asm keeps compilers from making a call to strcpy of it.
static unsigned long append(char* to, unsigned long at, const volatile char* text) {
  for (; *text != '\0' && at < PATH_SIZE - 1; ++text, ++at) {
    to[at] = *text;
    __asm__ volatile("" ::: "memory");
  }
  to[at] = '\0';
  return at;
}

static __attribute__((noreturn)) void give_up(const char* path) {
  static char message[PATH_SIZE];
  unsigned long size = append(message, 0, "lambdapool: the function's package is damaged: can't start ");
  size = append(message, size, path);
  size = append(message, size, "\n");
  system_call(SYSTEM_WRITE, 2, (long)message, (long)size, 0);
  for (;;) system_call(SYSTEM_EXIT, 127, 0, 0, 0);
}

// Where this file lies, with a '/' at the end. Without /proc, the kernel's own note of what it started.
static void find_directory(char* directory, char** environment) {
  long size = system_call(SYSTEM_READLINKAT, CURRENT_DIRECTORY, (long)"/proc/self/exe", (long)directory,
                          PATH_SIZE - 1);
  if (size <= 0) {
    while (*environment != 0) ++environment;
    unsigned long* auxiliary = (unsigned long*)(environment + 1);
    while (auxiliary[0] != AUXILIARY_END && auxiliary[0] != AUXILIARY_EXECUTABLE_NAME) auxiliary += 2;
    size = auxiliary[0] == AUXILIARY_END ? 0 : (long)append(directory, 0, (const char*)auxiliary[1]);
  }
  while (size > 0 && directory[size - 1] != '/') --size;
  directory[size] = '\0';
}

__attribute__((noreturn, used)) void launch(long* stack) {
  const long argument_count = stack[0];
  char** arguments = (char**)(stack + 1);
  char** environment = arguments + argument_count + 1;

  static char directory[PATH_SIZE];
  static char loader[PATH_SIZE];
  static char libraries[PATH_SIZE];
  static char program[PATH_SIZE];
  static char library_path[] = "--library-path";
  find_directory(directory, environment);
  append(loader, append(loader, append(loader, 0, directory), "lib/"), loader_name);
  // What was packaged beside the program is at the top, for dlopen() by name.
  unsigned long end = append(libraries, append(libraries, append(libraries, 0, directory), "lib:"), directory);
  if (end > 1) libraries[end - 1] = '\0';  // the '/', which is not part of a name
  append(program, append(program, append(program, 0, directory), "bin/"), program_name);

  char* command[argument_count + 5];
  long count = 0;
  command[count++] = loader;
  command[count++] = library_path;
  command[count++] = libraries;
  command[count++] = program;
  for (long i = 1; i < argument_count; ++i) command[count++] = arguments[i];
  command[count] = 0;
  system_call(SYSTEM_EXECVE, (long)loader, (long)command, (long)environment, 0);
  give_up(loader);
}
