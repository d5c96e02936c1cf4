/* Stamps are JSON, one small file a step. */
#include "core/tutorial/stamp.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FORMAT "mcdrop step 1"

enum { STAMP_LIMIT = 1 << 16 };

int mcd_stamp_of_file(const char *path, char text[64], struct mcd_error *e)
{
    static unsigned char block[1 << 16];
    FILE *f = fopen(path, "rbe");
    unsigned long long size = 0;
    uLong sum = crc32(0, NULL, 0);
    if (!f)
        return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "cannot be read: %s",
                        strerror(errno));
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0; size += n)
        sum = crc32(sum, block, (uInt)n);
    int failed = ferror(f);
    fclose(f);
    if (failed)
        return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "cannot be read to its end");
    snprintf(text, 64, "%llu-%08lx", size, (unsigned long)sum);
    return MCD_OK;
}

/* ---- identity ---------------------------------------------------------------------------- */

static int put_words(const struct mcd_steps *s, const struct mcd_step *step, json_t *words)
{
    char word[4400];
    int failed = 0;
    for (unsigned i = 0; i < step->words; i++)
        if (!step->word[i].is_incidental &&
            mcd_step_expand(s, &step->word[i], ".", word, sizeof word))
            failed |= json_array_append_new(words, json_string(word));
    return failed;
}

/* A file under its name: the same bytes made anew are the same input. */
static int put_inputs(const struct mcd_steps *s, const struct mcd_step *step, const char *dir,
                      json_t *inputs, struct mcd_error *e)
{
    char path[4400], sum[64];
    int failed = 0;
    for (unsigned i = 0; i < step->words && !failed; i++) {
        const struct mcd_word *word = &step->word[i];
        if (!word->file || (word->optional && !mcd_steps_have(s, word->file)))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, word->file);
        int status = mcd_stamp_of_file(path, sum, e);
        if (status)
            return status;
        failed = json_object_set_new(inputs, word->file, json_string(sum));
    }
    return failed ? mcd_fail(e, MCD_NOMEM, step->id, "no memory for its stamp") : MCD_OK;
}

char *mcd_stamp_identity(const struct mcd_steps *s, const struct mcd_step *step, const char *dir,
                         struct mcd_error *e)
{
    json_t *words = json_array(), *inputs = json_object(), *all = json_object();
    char *text = NULL;
    int status = put_inputs(s, step, dir, inputs, e);
    int failed = put_words(s, step, words);
    failed |= json_object_set(all, "command", words) | json_object_set(all, "inputs", inputs);
    failed |= json_object_set_new(all, "data", step->data ? json_string(step->data) : json_null());
    if (!status && !failed)
        text = mcd_json_text(all, JSON_COMPACT | JSON_SORT_KEYS, NULL);
    if (!text)
        mcd_fail(e, MCD_NOMEM, step->id, "no memory for its stamp");
    json_decref(words);
    json_decref(inputs);
    json_decref(all);
    return text;
}

/* ---- files ------------------------------------------------------------------------------- */

static void name_stamp(const struct mcd_step *step, const char *dir, char *path, size_t size)
{
    snprintf(path, size, "%s/steps/%s.json", dir, step->id);
}

static int has_outputs(const struct mcd_step *step, const char *dir)
{
    char path[4400];
    int all = 1;
    for (unsigned i = 0; i < step->outputs; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, step->output[i]);
        all &= access(path, F_OK) == 0;
    }
    return all;
}

static enum mcd_stamp judge(struct mcd_step *step, const char *dir, const json_t *stamp,
                            const char *identity)
{
    const char *format = json_string_value(json_object_get(stamp, "format"));
    const char *was = json_string_value(json_object_get(stamp, "identity"));
    const char *state = json_string_value(json_object_get(stamp, "state"));
    if (!format || !was || !state || strcmp(format, FORMAT) != 0 || strcmp(was, identity) != 0)
        return MCD_STAMP_NONE;
    if (strcmp(state, "done") != 0)
        return MCD_STAMP_STARTED;
    step->seconds = json_number_value(json_object_get(stamp, "seconds"));
    step->is_bad = json_is_true(json_object_get(stamp, "bad"));
    return has_outputs(step, dir) ? MCD_STAMP_DONE : MCD_STAMP_STARTED;
}

enum mcd_stamp mcd_stamp_read(struct mcd_step *step, const char *dir, const char *identity)
{
    char path[4400];
    struct mcd_bytes b;
    json_t *stamp = NULL;
    json_error_t reason;
    enum mcd_stamp found = MCD_STAMP_NONE;
    name_stamp(step, dir, path, sizeof path);
    if (mcd_file_read(path, STAMP_LIMIT, &b, NULL) != MCD_OK)
        return MCD_STAMP_NONE;
    if (b.size && mcd_json_parse((const char *)b.data, b.size, &stamp, &reason) == MCD_OK)
        found = judge(step, dir, stamp, identity);
    json_decref(stamp);
    mcd_bytes_clear(&b);
    return found;
}

int mcd_stamp_write(const struct mcd_step *step, const char *dir, const char *identity,
                    enum mcd_stamp state, struct mcd_error *e)
{
    char path[4400];
    struct mcd_output o = {0};
    int done = state == MCD_STAMP_DONE;
    json_t *stamp =
        json_pack("{s:s, s:s, s:s, s:s, s:f, s:b}", "format", FORMAT, "version", PACKAGE_VERSION,
                  "state", done ? "done" : "started", "identity", identity, "seconds",
                  done ? step->seconds : 0.0, "bad", done && step->is_bad);
    char *text = stamp ? mcd_json_text(stamp, JSON_INDENT(1), NULL) : NULL;
    json_decref(stamp);
    if (!text)
        return mcd_fail(e, MCD_NOMEM, step->id, "no memory for its stamp");
    name_stamp(step, dir, path, sizeof path);
    int status = mcd_output_open(&o, path, e);
    if (!status)
        status = mcd_output_write(&o, text, strlen(text), e);
    if (!status)
        status = mcd_output_commit(&o, e);
    mcd_output_abort(&o);
    free(text);
    return status;
}
