/* A list of steps in memory of its own. */
#include "core/tutorial/step.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static const char *text_v(struct mcd_steps *s,
                                                                const char *format, va_list args)
{
    size_t room = sizeof s->text - s->used;
    char *text = s->text + s->used;
    int n = vsnprintf(text, room, format, args);
    if (n < 0 || (size_t)n >= room) {
        s->is_full = 1;
        return "";
    }
    s->used += (size_t)n + 1;
    return text;
}

const char *mcd_steps_text(struct mcd_steps *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_v(s, format, args);
    va_end(args);
    return text;
}

static struct mcd_word *add_word(struct mcd_steps *s, struct mcd_step *step)
{
    if (step->words == MCD_STEP_WORDS) {
        s->is_full = 1;
        step->words--;
    }
    step->word[step->words] = (struct mcd_word){.text = ""};
    return &step->word[step->words++];
}

struct mcd_step *mcd_steps_add(struct mcd_steps *s, enum mcd_part part, const char *id,
                               const char *format, ...)
{
    if (s->count == MCD_MAX_STEPS) {
        s->is_full = 1;
        s->count--;
    }
    struct mcd_step *step = &s->step[s->count++];
    *step = (struct mcd_step){.part = part, .id = mcd_steps_text(s, "%s", id)};
    va_list args;
    va_start(args, format);
    char *c = (char *)(size_t)text_v(s, format, args);
    va_end(args);
    for (char *text; (text = strsep(&c, " "));) {
        struct mcd_word *word = add_word(s, step);
        word->text = text;
        word->is_template = strchr(text, '@') != NULL;
    }
    return step;
}

void mcd_step_word(struct mcd_steps *s, struct mcd_step *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_word(s, step)->text = text_v(s, format, args);
    va_end(args);
}

void mcd_step_input(struct mcd_steps *s, struct mcd_step *step, const char *before,
                    const char *file)
{
    struct mcd_word *word = add_word(s, step);
    word->text = mcd_steps_text(s, "%s@%s", before, file);
    word->file = mcd_steps_text(s, "%s", file);
    word->is_template = 1;
}

void mcd_step_optional(struct mcd_steps *s, struct mcd_step *step, const char *before,
                       const char *file)
{
    mcd_step_input(s, step, before, file);
    step->word[step->words - 1].optional = 1;
}

void mcd_step_output(struct mcd_steps *s, struct mcd_step *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_v(s, format, args);
    va_end(args);
    if (step->outputs == MCD_STEP_OUTPUTS)
        s->is_full = 1;
    else
        step->output[step->outputs++] = text;
}

const struct mcd_step *mcd_steps_maker(const struct mcd_steps *s, const char *file)
{
    for (size_t i = 0; i < s->count; i++)
        for (unsigned k = 0; k < s->step[i].outputs; k++)
            if (strcmp(s->step[i].output[k], file) == 0)
                return &s->step[i];
    return NULL;
}

const struct mcd_step *mcd_steps_find(const struct mcd_steps *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->step[i].id, id) == 0)
            return &s->step[i];
    return NULL;
}

int mcd_step_expand(const struct mcd_steps *s, const struct mcd_word *word, const char *dir,
                    char *text, size_t size)
{
    const char *at = word->is_template ? strchr(word->text, '@') : NULL;
    if (word->optional && !mcd_steps_have(s, word->file))
        return 0;
    if (!at)
        snprintf(text, size, "%s", word->text);
    else
        snprintf(text, size, "%.*s%s/%s", (int)(at - word->text), word->text, dir, at + 1);
    return 1;
}

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

/* Appends a blank and a word, in single quotes where a shell would not take it as it is. */
static void append_quoted(char *text, size_t size, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:,=+@%";
    int is_plain = *word && !word[strspn(word, plain)];
    append(text, size, is_plain ? " " : " '");
    for (const char *c = word; *c; c++) {
        char one[2] = {*c};
        append(text, size, *c == '\'' ? "'\\''" : one);
    }
    append(text, size, is_plain ? "" : "'");
}

void mcd_step_show(const struct mcd_steps *s, const struct mcd_step *step, const char *dir,
                   char *text, size_t size)
{
    char word[4400];
    snprintf(text, size, "mcdrop");
    for (unsigned i = 0; i < step->words; i++)
        if (mcd_step_expand(s, &step->word[i], dir, word, sizeof word))
            append_quoted(text, size, word);
    if (!step->captures)
        return;
    snprintf(word, sizeof word, "%s/%s", dir, step->output[0]);
    append(text, size, " >");
    append_quoted(text, size, word);
}

/* From the last step to the first, so that what a needed step needs is still to come. */
void mcd_steps_want(struct mcd_steps *s, unsigned parts)
{
    for (size_t i = 0; i < s->count; i++)
        s->step[i].state = parts & 1u << s->step[i].part ? MCD_STEP_OPEN : MCD_STEP_UNWANTED;
    for (size_t i = s->count; i-- > 0;)
        for (unsigned k = 0; s->step[i].state == MCD_STEP_OPEN && k < s->step[i].words; k++) {
            const struct mcd_word *word = &s->step[i].word[k];
            const struct mcd_step *maker =
                word->file && !word->optional ? mcd_steps_maker(s, word->file) : NULL;
            if (maker)
                s->step[maker - s->step].state = MCD_STEP_OPEN;
        }
}
