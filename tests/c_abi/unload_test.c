/* Loads the library, uses a clock, and unloads the library: a thread of the library runs on.
 *
 * usage: unload_test LIBRARY
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include "masterclock_c.h"

typedef mc_status (*create_function)(const mc_clock_options*, mc_clock**);
typedef void (*destroy_function)(mc_clock*);

int main(int count, char** arguments) {
  void* const library = count == 2 ? dlopen(arguments[1], RTLD_NOW) : NULL;
  create_function create;
  destroy_function destroy;
  mc_clock* clock = NULL;
  if (library == NULL) return fprintf(stderr, "cannot load the library\n"), 1;
  *(void**)&create = dlsym(library, "mc_clock_create");
  *(void**)&destroy = dlsym(library, "mc_clock_destroy");
  if (create(NULL, &clock) != MC_OK) return fprintf(stderr, "no clock\n"), 1;
  destroy(clock);
  if (dlclose(library) != 0) return fprintf(stderr, "%s\n", dlerror()), 1;
  /* The thread that watches the system clock for steps still runs in the code of the library. */
  if (dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) == NULL) {
    return fprintf(stderr, "dlclose unmapped code in which a thread runs\n"), 1;
  }
  printf("the library stays\n");
  return 0;
}
