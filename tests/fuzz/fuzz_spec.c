/* Fuzzes specifications: parsed, matched against a table of every kind, written and read again. */
#include "core/base/host.h"
#include "core/plugin/param.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mcd_param table[] = {
    {"out", "1", "[1, 100)", "a whole number", MCD_INT},
    {"p", "0.5", "(0, 1]", "a number", MCD_REAL},
    {"free", "0", NULL, "any number", MCD_REAL},
    {"bias", "yes", NULL, "a switch", MCD_BOOL},
    {"kind", "max", "max|mean|none", "a choice", MCD_ENUM},
    {"noise", "", NULL, "a text", MCD_TEXT},
    {"hidden", "800x800", "[1, inf)", "a list", MCD_INTS},
    MCD_PARAM_END,
};

/* The specification in full; NULL if it is refused. */
static char *resolve(const struct mcd_host *host, const char *text)
{
    struct mcd_spec spec;
    struct mcd_args args;
    char *full = NULL;
    if (mcd_spec_parse(host, text, &spec, NULL) != MCD_OK)
        return NULL;
    if (mcd_args_create(host, table, &spec, &args, NULL) == MCD_OK)
        full = mcd_args_text(host, spec.name, &args, NULL);
    mcd_args_clear(host, &args);
    mcd_spec_clear(host, &spec);
    return full;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    char *text = malloc(size + 1);
    if (!host || !text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    char *full = resolve(host, text);
    char *again = full ? resolve(host, full) : NULL;
    if (full && (!again || strcmp(full, again) != 0))
        abort();
    host->release(host, full);
    host->release(host, again);
    if (mcd_host_live(host) != 0)
        abort();
    free(text);
    mcd_host_destroy(host);
    return 0;
}
