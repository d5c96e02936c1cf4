/* report.json from hostile bytes: refused, or a page that is good and a text without controls. */
#include "core/base/host.h"
#include "core/report/document.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../page_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_page(const char *page)
{
    if (*page_judge(page))
        __builtin_trap();
}

static void check_text(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 && *text != '\n')
            __builtin_trap();
}

static void render(const struct mcd_document *d, const struct mcd_host *host, int is_page)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return;
    int status =
        is_page ? mcd_document_page(d, host, "", f, NULL) : mcd_document_plain(d, host, f, NULL);
    if (fclose(f) != 0 || status != MCD_OK)
        __builtin_trap();
    is_page ? check_page(text) : check_text(text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mcd_host *host;
    struct mcd_document d;
    struct mcd_error e = {0};
    if (!host && !(host = mcd_host_create(1, NULL, NULL, NULL)))
        return 0;
    int status = mcd_document_parse("/nowhere/report.json", data, size, &d, &e);
    if (status != e.code || (status && (d.json || !e.where[0] || !e.text[0])))
        __builtin_trap();
    if (status)
        return 0;
    render(&d, host, 1);
    render(&d, host, 0);
    mcd_document_clear(&d);
    if (mcd_host_live(host) != 0)
        __builtin_trap();
    return 0;
}
