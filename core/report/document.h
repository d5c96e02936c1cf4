/*
 * Reports as they are handed over: a file report.json that says what was run and what came out.
 *
 *     {"format": "mcdrop report 1", "title": "...", "subtitle": "...",
 *      "run": [["seed", "1"], ...], "notes": ["...", ...],
 *      "sections": [{"id": "...", "title": "...", "text": ["a paragraph", ...], "items": [
 *        {"kind": "table", "id": "...", "title": "...", "note": "...",
 *         "columns": [{"name": "...", "unit": "...", "digits": 3, "help": "..."}, ...],
 *         "rows": [["text", 3, {"value": 313, "error": 5.2, "error_kind": "..."}, null], ...]},
 *        {"kind": "figure", "id": "...", "title": "...", "see": "...", "svg": "PATH", "png": "PATH",
 *         "files": ["PATH", ...], "missing": "why there is no picture"},
 *        {"kind": "claims", "rows": [{"claim": "...", "claimed": "...", "seen": "...",
 *         "spread": "...", "verdict": "holds|fails|not settled"}]},
 *        {"kind": "verdict", "good": true, "text": "..."},
 *        {"kind": "files", "title": "...", "files": [["PATH", "what it holds"], ...]},
 *        {"kind": "commands", "rows": [{"command": "...", "seconds": 12.3,
 *         "status": "done|skipped|failed"}]}]}]}
 *
 * Paths are relative to the file's folder and stay in it. A member may be missing, or null, where
 * the renderers can do without it; members that are not named here are passed over.
 */
#ifndef CORE_REPORT_DOCUMENT_H
#define CORE_REPORT_DOCUMENT_H

#include "core/base/json.h"

#include <mcdrop/plugin.h>

#include <limits.h>

/* Judged: whoever renders it need not ask whether a member is there or of which type it is. */
struct mcd_document {
    json_t *json;
    char *folder; /* owned: of the files that it names, "." or "DIR" */
    char *name;   /* owned: its own name in the folder */
};

/* `path` says where messages are from and in which folder its files are. */
int mcd_document_parse(const char *path, const void *bytes, size_t size, struct mcd_document *,
                       struct mcd_error *e);
int mcd_document_load(const char *path, struct mcd_document *, struct mcd_error *e);
void mcd_document_clear(struct mcd_document *); /* harmless on zeros */

/* A member's text; "" where there is none. */
const char *mcd_document_text(const json_t *object, const char *member);

/* Where a file of the document's folder lies; 0 where that is longer than a path can be. */
int mcd_document_path(const struct mcd_document *, const char *path, char whole[PATH_MAX]);

/*
 * Both ways to render fail for lack of memory alone: what the stream refuses, its owner sees.
 *
 * As a page of HTML, complete in itself but for links to the files, which begin with `to_folder`:
 * the way from the page to the document's folder, "" or "../DIR/". Pictures that cannot be shown
 * are named in the page and in the host's log.
 */
int mcd_document_page(const struct mcd_document *, const struct mcd_host *, const char *to_folder,
                      FILE *, struct mcd_error *e);

/* As text for a terminal: everything but the pictures. */
int mcd_document_plain(const struct mcd_document *, const struct mcd_host *, FILE *,
                       struct mcd_error *e);

#endif
