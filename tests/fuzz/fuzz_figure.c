/*
 * What figures read and rewrite, by the first byte: gnuplot's SVG (s), a user's label (l), JSON of
 * a prediction (r). An answer or an error, no crash; a label that gnuplot and XML can take.
 */
#include "core/base/json.h"
#include "core/figure/label.h"
#include "core/figure/record.h"
#include "core/figure/svg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void adapt(const char *svg, size_t size)
{
    struct mcd_error e = {0};
    size_t out = 0;
    char *text = mcd_svg_adapt(svg, size, "figure", "title", &out, &e);
    if (!text != (e.code != MCD_OK) || (text && strlen(text) > out))
        __builtin_trap();
    free(text);
}

static void label(const char *bytes, size_t size)
{
    char *text = strndup(bytes, size);
    if (!text)
        return;
    struct mcd_label clean = mcd_label_clean(text);
    struct mcd_quoted quoted = mcd_label_quote(text);
    for (const char *p = clean.text; *p; p++)
        if ((unsigned char)*p < ' ')
            __builtin_trap();
    if (!mcd_json_is_text(clean.text) || strchr(quoted.text, '\n'))
        __builtin_trap();
    free(text);
}

static void record(const char *bytes, size_t size)
{
    struct mcd_error e = {0};
    json_t *json = NULL;
    double x[3];
    int there;
    int status = mcd_record_parse(bytes, size, "input", &json, &e);
    if (status != e.code || !json != (status != MCD_OK))
        __builtin_trap();
    if (json)
        mcd_record_column(json, "input", "output_mean", 3, 0, &there, x, &e);
    if (json)
        mcd_record_column(json, "input", "output_std", 3, 1, &there, x, &e);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *rest = (const char *)data + 1;
    if (size > 0 && data[0] == 's')
        adapt(rest, size - 1);
    else if (size > 0 && data[0] == 'l')
        label(rest, size - 1);
    else if (size > 0 && data[0] == 'r')
        record(rest, size - 1);
    return 0;
}
