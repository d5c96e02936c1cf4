/* The page as a whole: head, notes, contents, what was run, and sections with their items. */
#include "core/report/page.h"

#include "core/report/html.h"

#include <string.h>
#include <sys/stat.h>

/* core/report/style.css, a line each. */
static const char *const style[] = {
#include "core/report/style.inc"
};

void mcd_page_element(const struct mcd_page *p, const char *element, const char *text)
{
    fprintf(p->f, "<%s>", element);
    mcd_html_text(p->f, text);
    fprintf(p->f, "</%s>", element);
}

void mcd_page_command(const struct mcd_page *p, const char *command)
{
    fputs("<code>", p->f);
    while (*command) {
        size_t word = strcspn(command, " "), blanks = strspn(command + word, " ");
        fputs("<span>", p->f);
        mcd_html_bytes(p->f, command, word);
        fputs("</span>", p->f);
        mcd_html_bytes(p->f, command + word, blanks);
        command += word + blanks;
    }
    fputs("</code>", p->f);
}

/* Nothing for "", which is a text that is not there. */
static void put_paragraph(const struct mcd_page *p, const char *class, const char *text)
{
    if (!*text)
        return;
    fputs("<p", p->f);
    if (*class)
        fprintf(p->f, " class=\"%s\"", class);
    putc('>', p->f);
    mcd_html_text(p->f, text);
    fputs("</p>\n", p->f);
}

/* ---- head -------------------------------------------------------------------------------- */

/* The policy makes sure of it that the page asks for nothing and runs nothing. */
static void put_head(const struct mcd_page *p, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<meta name=\"generator\" content=\"mcdrop " PACKAGE_VERSION "\">\n",
          p->f);
    mcd_page_element(p, "title", title);
    fputs("\n<style>\n", p->f);
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++)
        fputs(style[i], p->f);
    fputs("</style>\n</head>\n", p->f);
}

static void put_header(const struct mcd_page *p)
{
    const json_t *d = p->document->json, *notes = json_object_get(d, "notes");
    fputs("<header>\n", p->f);
    mcd_page_element(p, "h1", mcd_document_text(d, "title"));
    putc('\n', p->f);
    put_paragraph(p, "subtitle", mcd_document_text(d, "subtitle"));
    fputs("</header>\n", p->f);
    if (json_array_size(notes) == 0)
        return;
    fputs("<div class=\"notes\" role=\"note\">\n", p->f);
    for (size_t i = 0; i < json_array_size(notes); i++) {
        fputs("<p><b>Note:</b> ", p->f);
        mcd_html_text(p->f, json_string_value(json_array_get(notes, i)));
        fputs("</p>\n", p->f);
    }
    fputs("</div>\n", p->f);
}

static void put_contents(const struct mcd_page *p)
{
    const json_t *sections = json_object_get(p->document->json, "sections");
    if (json_array_size(sections) < 2)
        return;
    fputs("<nav aria-labelledby=\"page.contents\">\n<h2 id=\"page.contents\">Contents</h2>\n<ol>\n",
          p->f);
    for (size_t i = 0; i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);
        fprintf(p->f, "<li><a href=\"#%s\">", mcd_document_text(section, "id"));
        mcd_html_text(p->f, mcd_document_text(section, "title"));
        fputs("</a></li>\n", p->f);
    }
    fputs("</ol>\n</nav>\n", p->f);
}

static void put_facts(const struct mcd_page *p)
{
    const json_t *run = json_object_get(p->document->json, "run");
    if (json_array_size(run) == 0)
        return;
    fputs("<section aria-labelledby=\"page.run\">\n<h2 id=\"page.run\">What was run</h2>\n"
          "<dl class=\"facts\">\n",
          p->f);
    for (size_t i = 0; i < json_array_size(run); i++) {
        const char *name = json_string_value(json_array_get(json_array_get(run, i), 0));
        const char *text = json_string_value(json_array_get(json_array_get(run, i), 1));
        mcd_page_element(p, "dt", name);
        fputs("<dd>", p->f);
        if (strcmp(name, "command") == 0)
            mcd_page_command(p, text);
        else
            mcd_html_text(p->f, text);
        fputs("</dd>\n", p->f);
    }
    fputs("</dl>\n</section>\n", p->f);
}

/* ---- items ------------------------------------------------------------------------------- */

/* What stat says of a file of the folder; 0 if it is not there. */
static int look(const struct mcd_page *p, const char *path, struct stat *about)
{
    char whole[PATH_MAX];
    return mcd_document_path(p->document, path, whole) && stat(whole, about) == 0;
}

void mcd_page_link(const struct mcd_page *p, const char *path)
{
    struct stat about;
    if (!look(p, path, &about)) {
        fputs("<span class=\"path\">", p->f);
        mcd_html_text(p->f, path);
        fputs("</span> (not there)", p->f);
        return;
    }
    fputs("<a class=\"path\" href=\"", p->f);
    mcd_html_path(p->f, p->to_folder);
    mcd_html_path(p->f, path);
    fputs("\">", p->f);
    mcd_html_text(p->f, path);
    fputs("</a>", p->f);
}

static void put_size(const struct mcd_page *p, const char *path)
{
    static const char *const unit[] = {"bytes", "kB", "MB", "GB", "TB"};
    struct stat about;
    unsigned k = 0;
    if (!look(p, path, &about) || !S_ISREG(about.st_mode))
        return;
    double size = (double)about.st_size;
    for (; size >= 1000 && k < 4; k++)
        size /= 1000;
    fprintf(p->f, " <span class=\"size\">(%.0f %s)</span>", k > 0 && size < 1 ? 1 : size, unit[k]);
}

static void put_files(const struct mcd_page *p, const json_t *item)
{
    const json_t *files = json_object_get(item, "files");
    const char *title = mcd_document_text(item, "title");
    fputs("<div class=\"block\">\n", p->f);
    if (*title) {
        fputs("<h3>", p->f);
        mcd_html_text(p->f, title);
        fputs("</h3>\n", p->f);
    }
    fputs("<ul class=\"files\">\n", p->f);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const char *path = json_string_value(json_array_get(json_array_get(files, i), 0));
        fputs("<li>", p->f);
        mcd_page_link(p, path);
        put_size(p, path);
        fputs(" \xe2\x80\x93 ", p->f);
        mcd_html_text(p->f, json_string_value(json_array_get(json_array_get(files, i), 1)));
        fputs("</li>\n", p->f);
    }
    fputs("</ul>\n</div>\n", p->f);
}

static void put_verdict(const struct mcd_page *p, const json_t *item)
{
    int good = json_is_true(json_object_get(item, "good"));
    fprintf(p->f, "<p class=\"verdict%s\"><b>%s</b> ", good ? " good" : "",
            good ? "\xe2\x9c\x93 Good:" : "\xe2\x9c\x97 Not good:");
    mcd_html_text(p->f, mcd_document_text(item, "text"));
    fputs("</p>\n", p->f);
}

static int put_item(const struct mcd_page *p, const json_t *item)
{
    const char *kind = mcd_document_text(item, "kind");
    if (strcmp(kind, "table") == 0)
        return mcd_page_table(p, item);
    if (strcmp(kind, "figure") == 0)
        return mcd_page_figure(p, item);
    if (strcmp(kind, "claims") == 0)
        mcd_page_claims(p, item);
    else if (strcmp(kind, "verdict") == 0)
        put_verdict(p, item);
    else if (strcmp(kind, "files") == 0)
        put_files(p, item);
    else
        mcd_page_commands(p, item);
    return MCD_OK;
}

static int put_section(const struct mcd_page *p, const json_t *section)
{
    const char *id = mcd_document_text(section, "id");
    const json_t *text = json_object_get(section, "text"),
                 *items = json_object_get(section, "items");
    int status = MCD_OK;
    fprintf(p->f, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">", id, id);
    mcd_html_text(p->f, mcd_document_text(section, "title"));
    fputs("</h2>\n", p->f);
    for (size_t i = 0; i < json_array_size(text); i++)
        put_paragraph(p, "", json_string_value(json_array_get(text, i)));
    for (size_t i = 0; !status && i < json_array_size(items); i++)
        status = put_item(p, json_array_get(items, i));
    fputs("</section>\n", p->f);
    return status;
}

/* Links to the document itself, which holds every number in full. */
static void put_footer(const struct mcd_page *p)
{
    fputs("<footer class=\"about\">\nWritten by mcdrop " PACKAGE_VERSION
          ". The same as JSON, with all digits: ",
          p->f);
    mcd_page_link(p, p->document->name);
    fputs("\n</footer>\n", p->f);
}

int mcd_document_page(const struct mcd_document *d, const struct mcd_host *host,
                      const char *to_folder, FILE *f, struct mcd_error *e)
{
    const struct mcd_page p = {d, host, to_folder, f, e};
    const json_t *sections = json_object_get(d->json, "sections");
    int status = MCD_OK;
    put_head(&p, mcd_document_text(d->json, "title"));
    fputs("<body>\n", f);
    put_header(&p);
    put_contents(&p);
    fputs("<main>\n", f);
    put_facts(&p);
    for (size_t i = 0; !status && i < json_array_size(sections); i++)
        status = put_section(&p, json_array_get(sections, i));
    fputs("</main>\n", f);
    put_footer(&p);
    fputs("</body>\n</html>\n", f);
    return status;
}
