/* Says hello as soon as it is loaded. */
#define BAD_NAME "announces"
#include <stdio.h>

__attribute__((constructor)) static void announce(void)
{
    puts("hello from a library");
}

#include "working.h"
