/* A default that its own domain forbids. */
#define BAD_NAME "bad_default"
#define BAD_PARAMS                                                                                 \
    {                                                                                              \
        {"p", "2", "[0, 1]", "a probability", MCD_REAL}, MCD_PARAM_END                             \
    }
#include "bad.h"
