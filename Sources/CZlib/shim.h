#ifndef STOMPTAP_CZLIB_SHIM_H
#define STOMPTAP_CZLIB_SHIM_H

#include <zlib.h>

#endif
