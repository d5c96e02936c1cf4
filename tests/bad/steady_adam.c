/* The rate of adam never changes. */
#define STEADY MCD_OP_ADAM
#include "steady.h"
BROKEN("steady_adam", "the rate of adam never changes");
