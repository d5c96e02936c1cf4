/* SVG from hostile bytes: refused, or a picture that is the same picture when it is read again. */
#include "core/report/svg.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The picture as text, to be freed; NULL where it is refused. */
static char *inline_bytes(const void *data, size_t size, struct mcd_svg_left_out *left_out)
{
    char *text = NULL;
    size_t length;
    struct mcd_error e = {0};
    FILE *f = open_memstream(&text, &length);
    if (!f)
        return NULL;
    int status = mcd_svg_inline("a.svg", data, size, "p", "p.see", f, left_out, &e);
    if (fclose(f) != 0 || status != e.code)
        __builtin_trap();
    if (status == MCD_OK)
        return text;
    free(text);
    return NULL;
}

/* What a browser would run or fetch begins so; text is escaped, so that it cannot be meant. */
static void check(const char *text)
{
    static const char *const never[] = {"<script",  "<foreignObject", "<style", "<iframe", "<a ",
                                        "<animate", "<set",           "<!",     "<?"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strstr(text, never[i]))
            __builtin_trap();
    for (const char *p = text; (p = strstr(p, " href=\"")); p++)
        if (p[7] != '#' && strncmp(p + 7, "data:image/", 11) != 0)
            __builtin_trap();
}

/*
 * The second reading finds an SVG, and leaves out nothing but what the first one wrote itself: role
 * and label, which are silent.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mcd_svg_left_out left_out;
    char *once = inline_bytes(data, size, &left_out);
    if (!once)
        return 0;
    check(once);
    char *twice = inline_bytes(once, strlen(once), &left_out);
    if (!twice || left_out.count != 0)
        __builtin_trap();
    free(twice);
    free(once);
    return 0;
}
