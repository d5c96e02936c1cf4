/* Figures: the picture within the page, or a word on why there is none. */
#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/place.h"
#include "core/report/html.h"
#include "core/report/page.h"
#include "core/report/svg.h"

#include <stdlib.h>
#include <string.h>

/* What one picture may add to the page. */
enum { LARGEST_SVG = 4 << 20, LARGEST_PNG = 8 << 20 };

static int fail_memory(struct mcd_error *e)
{
    return mcd_fail(e, MCD_NOMEM, "memory", "not enough for a picture");
}

/* Reads a file of the document's folder; `whole` is where it lies. */
static int read_file(const struct mcd_page *p, const char *path, size_t limit, char whole[PATH_MAX],
                     struct mcd_bytes *bytes, struct mcd_error *e)
{
    *bytes = (struct mcd_bytes){0};
    if (mcd_document_path(p->document, path, whole))
        return mcd_file_read(whole, limit, bytes, e);
    return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text, "the path is too long");
}

/* The SVG as text of the page, to be freed. */
static int make_svg(const struct mcd_page *p, const char *path, const char *id, char **text,
                    size_t *size, struct mcd_error *e)
{
    struct mcd_bytes bytes;
    struct mcd_svg_left_out left_out = {0};
    char whole[PATH_MAX], label[300];
    int status = read_file(p, path, LARGEST_SVG, whole, &bytes, e);
    FILE *f = status ? NULL : open_memstream(text, size);
    if (!status && !f)
        status = fail_memory(e);
    if (f) {
        snprintf(label, sizeof label, "%.200s.see", id);
        status = mcd_svg_inline(whole, bytes.data, bytes.size, id, label, f, &left_out, e);
        int is_broken = ferror(f);
        if ((fclose(f) != 0 || is_broken) && !status)
            status = fail_memory(e);
    }
    if (!status && left_out.count)
        p->host->log(p->host, MCD_LOG_WARNING,
                     "%s: left out %u things that draw nothing or are not allowed in a page, the "
                     "first is %s",
                     whole, left_out.count, left_out.first);
    mcd_bytes_clear(&bytes);
    return status;
}

static int put_svg(const struct mcd_page *p, const char *path, const char *id, struct mcd_error *e)
{
    char *text = NULL;
    size_t size = 0;
    int status = make_svg(p, path, id, &text, &size, e);
    if (!status) {
        fputs("<div class=\"picture\">", p->f);
        fwrite(text, 1, size, p->f);
        fputs("</div>\n", p->f);
    }
    free(text);
    return status;
}

static int put_png(const struct mcd_page *p, const char *path, const char *see, struct mcd_error *e)
{
    static const char signature[] = "\x89PNG\r\n\x1a\n";
    struct mcd_bytes bytes;
    char whole[PATH_MAX];
    int status = read_file(p, path, LARGEST_PNG, whole, &bytes, e);
    if (!status && (bytes.size < 8 || memcmp(bytes.data, signature, 8) != 0))
        status = mcd_fail(e, MCD_INVALID, mcd_place_file(whole).text, "it is no PNG");
    if (!status) {
        fputs("<div class=\"picture\"><img src=\"data:image/png;base64,", p->f);
        mcd_html_base64(p->f, bytes.data, bytes.size);
        fputs("\" alt=\"", p->f);
        mcd_html_text(p->f, see);
        fputs("\"></div>\n", p->f);
    }
    mcd_bytes_clear(&bytes);
    return status;
}

static void put_missing(const struct mcd_page *p, const char *why)
{
    fputs("<p class=\"missing\">No picture: ", p->f);
    mcd_html_text(p->f, why);
    fputs("</p>\n", p->f);
}

/* The SVG, else the PNG, else a word; only lack of memory is a failure. */
static int put_picture(const struct mcd_page *p, const json_t *item)
{
    const char *svg = mcd_document_text(item, "svg"), *png = mcd_document_text(item, "png");
    const char *why = mcd_document_text(item, "missing"), *see = mcd_document_text(item, "see");
    struct mcd_error first = {0}, second = {0};
    char line[2 * sizeof first.text];
    int status = *svg ? put_svg(p, svg, mcd_document_text(item, "id"), &first) : MCD_INVALID;
    if (status && *png)
        status = put_png(p, png, see, *svg ? &second : &first);
    if (first.code == MCD_NOMEM || second.code == MCD_NOMEM)
        return fail_memory(p->e);
    if (first.code)
        p->host->log(p->host, MCD_LOG_WARNING, "%s: %s%s", first.where, first.text,
                     status ? "" : "; the PNG stands in its place");
    if (!status)
        return MCD_OK;
    snprintf(line, sizeof line, "%.150s: %s", *svg ? svg : png, first.text);
    put_missing(p, *why ? why : line);
    return MCD_OK;
}

int mcd_page_figure(const struct mcd_page *p, const json_t *item)
{
    const json_t *files = json_object_get(item, "files");
    const char *id = mcd_document_text(item, "id"), *title = mcd_document_text(item, "title");
    fprintf(p->f, "<figure id=\"%s\">\n", id);
    int status = put_picture(p, item);
    fprintf(p->f, "<figcaption><span id=\"%s.see\"><b>", id);
    mcd_html_text(p->f, title);
    fputs(strchr(".!?:", title[strlen(title) - 1]) ? "</b> " : ".</b> ", p->f);
    mcd_html_text(p->f, mcd_document_text(item, "see"));
    fputs("</span>", p->f);
    for (size_t i = 0; i < json_array_size(files); i++) {
        fputs(i == 0 ? "\n<span class=\"files\">Data and script: " : ", ", p->f);
        mcd_page_link(p, json_string_value(json_array_get(files, i)));
    }
    fputs(json_array_size(files) ? "</span></figcaption>\n" : "</figcaption>\n", p->f);
    fputs("</figure>\n", p->f);
    return status;
}
