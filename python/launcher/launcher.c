// The program `lambdapool` of a wheel. Its code is in the extension module, which has most of it anyway: once in
// the wheel rather than twice, and no Python has to start first. The extension takes names from Python when it is
// loaded; without_python.c has them all, and nothing calls them.
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, CANNOT_START = 127 };

// From the program's directory: an environment's or a user's (Debian, Fedora), `pip install --target`.
static const char* const places[] = {
    "/../lib/python*/site-packages/lambdapool/_native*.so",
    "/../lib64/python*/site-packages/lambdapool/_native*.so",
    "/../lib/python*/dist-packages/lambdapool/_native*.so",
    "/../lambdapool/_native*.so",
};

typedef int Program(int argc, char** argv);

// Null unless it is of this program's version: installations for several Pythons lie beside each other.
static Program* program_in(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return NULL;
  const char* version = dlsym(library, "lambdapool_program_version");
  if (version != NULL && strcmp(version, LAMBDAPOOL_VERSION) == 0)
    return (Program*)dlsym(library, "lambdapool_program");
  dlclose(library);
  return NULL;
}

static Program* find_program(const char* directory) {
  for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
    char pattern[2 * PATH_SIZE];
    snprintf(pattern, sizeof pattern, "%s%s", directory, places[i]);
    glob_t found;
    Program* program = NULL;
    if (glob(pattern, 0, NULL, &found) == 0) {
      for (size_t k = 0; k < found.gl_pathc && program == NULL; ++k) program = program_in(found.gl_pathv[k]);
      globfree(&found);
    }
    if (program != NULL) return program;
  }
  return NULL;
}

int main(int argc, char** argv) {
  char directory[PATH_SIZE] = "";
  const ssize_t size = readlink("/proc/self/exe", directory, sizeof directory - 1);
  directory[size < 0 ? 0 : size] = '\0';
  char* end = strrchr(directory, '/');
  if (end != NULL) *end = '\0';
  Program* program = find_program(directory);
  if (program != NULL) return program(argc, argv);
  const char* why = dlerror();
  fprintf(stderr, "Error: the Python package lambdapool %s was not found beside %s; install it again%s%s.\n",
          LAMBDAPOOL_VERSION, directory, why == NULL ? "" : ": ", why == NULL ? "" : why);
  return CANNOT_START;
}
