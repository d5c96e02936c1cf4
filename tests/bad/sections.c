/* A backend that runs sections and fetches late, rightly: for tests where no device is. */
#include "sections.h"

BROKEN("sections", "sections step by step, fetches in sync");
