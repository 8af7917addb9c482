#ifndef STOMPTAP_CSPAWN_SHIM_H
#define STOMPTAP_CSPAWN_SHIM_H

#include <spawn.h>

// glibc (2.34) declares it only where _GNU_SOURCE is defined, which it is not for Swift.
#ifdef __GLIBC__
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
#endif

#endif
