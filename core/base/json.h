/*
 * What jansson leaves open: whether it failed for lack of memory or for what it was given, and text
 * that has lost nothing for lack of memory.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The JSON as text with a NUL behind it, to be freed; NULL for lack of memory. *size, which may be
 * NULL, is its length. There is room up to the next multiple of 8.
 */
char *mcd_json_text(const json_t *json, size_t flags, size_t *size);

/*
 * Parses text, keys that occur twice refused: MCD_OK, MCD_INVALID with the reason, MCD_NOMEM. *json
 * is a new reference, NULL on failure.
 */
int mcd_json_parse(const char *text, size_t size, json_t **json, json_error_t *reason);

/* null where JSON has no such number. */
json_t *mcd_json_real(double x);

/* Beyond jansson's integers: as text, rather than as another number. */
json_t *mcd_json_natural(uint64_t x);

/*
 * What was built, or NULL where a part was lost on the way for lack of memory: `failed` is what
 * json_object_set_new and its like have said, who take NULL for a part that was lost before.
 */
json_t *mcd_json_complete(json_t *built, int failed);

/* Whether a JSON string can hold the text: UTF-8 without surrogates and overlong forms. */
int mcd_json_is_text(const char *text);

#endif
