/* The rate of sgd never changes. */
#define STEADY MCD_OP_SGD
#include "steady.h"
BROKEN("steady_sgd", "the rate of sgd never changes");
