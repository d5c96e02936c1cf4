/* Text from outside, such as the name of a file, as JSON. */
#ifndef CORE_IO_JSON_SHOWN_H
#define CORE_IO_JSON_SHOWN_H

#include <jansson.h>

/* What is not UTF-8 is shown as errors show it; NULL for lack of memory. */
json_t *mcd_json_shown(const char *text);

#endif
