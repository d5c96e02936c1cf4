/* SVG from hostile bytes: refused, or a picture that is the same picture when it is read again. */
#include "core/report/svg.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../page_check.h"

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

/*
 * As part of a page it is judged like one. An id that occurs twice, and a reference to none, are
 * what the file had, and draw nothing.
 */
static void check(const char *svg)
{
    static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><meta content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'\"><p id=\"p.see\"></p>";
    char *page = malloc(sizeof head + strlen(svg) + sizeof "</html>");
    if (!page)
        return;
    strcat(strcat(strcpy(page, head), svg), "</html>");
    const char *wrong = page_judge(page);
    if (*wrong && strncmp(wrong, "the id ", 7) != 0 &&
        strncmp(wrong, "nothing has the id", 18) != 0)
        __builtin_trap();
    free(page);
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
