/* Descriptions of runs: owned texts, compared by one list. */
#include "core/result/origin.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <stdio.h>

int mcd_origin_set(const struct mcd_host *host, char **text, const char *value, struct mcd_error *e)
{
    char *copy = value ? mcd_host_strdup(host, value, e) : NULL;
    if (value && !copy)
        return MCD_NOMEM;
    host->release(host, *text);
    *text = copy;
    return MCD_OK;
}

void mcd_origin_clear(const struct mcd_host *host, struct mcd_origin *origin)
{
#define RELEASE(name, same) host->release(host, origin->name);
    MCD_ORIGIN_TEXTS(RELEASE)
#undef RELEASE
    *origin = (struct mcd_origin){0};
}

static int match(const char *what, const char *a, const char *a_name, const char *b,
                 const char *b_name, struct mcd_error *e)
{
    a = a ? a : "";
    b = b ? b : "";
    if (strcmp(a, b) == 0)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(b_name).text,
                    "%s is '%s', but '%s' in %s: expected parts of one run", what,
                    mcd_show_text(b).text, mcd_show_text(a).text, mcd_place_file(a_name).text);
}

int mcd_origin_match(const struct mcd_origin *a, const char *a_name, const struct mcd_origin *b,
                     const char *b_name, struct mcd_error *e)
{
    int status = MCD_OK;
#define MATCH(name, same)                                                                          \
    if (same && status == MCD_OK)                                                                  \
        status = match(#name, a->name, a_name, b->name, b_name, e);
    MCD_ORIGIN_TEXTS(MATCH)
#undef MATCH
    if (status == MCD_OK && a->seed != b->seed)
        status = mcd_fail(e, MCD_INVALID, mcd_place_file(b_name).text,
                          "seed is %" PRIu64 ", but %" PRIu64 " in %s: expected parts of one run",
                          b->seed, a->seed, mcd_place_file(a_name).text);
    return status;
}

uint64_t mcd_fingerprint_add(uint64_t fingerprint, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++)
        fingerprint = (fingerprint ^ p[i]) * UINT64_C(0x100000001b3);
    return fingerprint;
}

struct mcd_fingerprint_text mcd_fingerprint_show(uint64_t fingerprint)
{
    struct mcd_fingerprint_text t;
    snprintf(t.text, sizeof t.text, "%016" PRIx64, fingerprint);
    return t;
}
