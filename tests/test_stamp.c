/* Steps and stamps: what makes a step another one, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "core/tutorial/plan.h"
#include "core/tutorial/stamp.h"

static struct mcd_steps *steps;

static int setup(void **state)
{
    steps = calloc(1, sizeof *steps);
    return steps ? scratch_setup(state) : -1;
}

static int teardown(void **state)
{
    free(steps);
    return scratch_teardown(state);
}

/* A step that reads in.txt, and may read more.txt, which another one makes. */
static struct mcd_step *make(const char *setting, int threads)
{
    steps->count = steps->used = 0;
    struct mcd_step *maker = mcd_steps_add(steps, MCD_PART_MLP, "maker", "rotate --out @more.txt");
    mcd_step_output(steps, maker, "more.txt");
    struct mcd_step *step =
        mcd_steps_add(steps, MCD_PART_GP, "step", "plot errors --out @figure %s", setting);
    mcd_step_input(steps, step, "", "in.txt");
    mcd_step_optional(steps, step, "a label=", "more.txt");
    mcd_step_word(steps, step, "a@b");
    for (int i = 0; i < threads; i++) {
        mcd_step_word(steps, step, "%s", i ? "2" : "--threads");
        step->word[step->words - 1].is_incidental = 1;
    }
    mcd_step_output(steps, step, "out.txt");
    step->data = "co2 1";
    return step;
}

static char *identity(const char *setting, int threads)
{
    struct mcd_error e = {0};
    char *text = mcd_stamp_identity(steps, make(setting, threads), scratch_dir, &e);
    if (!text)
        fail_msg("%s: %s", e.where, e.text);
    return text;
}

static void an_identity_is_what_changes_results(void **state)
{
    (void)state;
    scratch_text("in.txt", "one");
    char *first = identity("5", 0), *same = identity("5", 2), *other = identity("6", 0);
    assert_string_equal(first, same);
    assert_string_not_equal(first, other);
    assert_null(strstr(first, scratch_dir)); /* the folder may be moved */
    assert_null(strstr(first, "a label"));   /* nothing has made it */
    scratch_text("in.txt", "two");
    char *changed = identity("5", 0);
    assert_string_not_equal(first, changed);
    scratch_text("in.txt", "one");
    char *again = identity("5", 0);
    assert_string_equal(first, again);
    free(first), free(same), free(other), free(changed), free(again);
    unlink(scratch_path("in.txt"));
    struct mcd_error e = {0};
    assert_null(mcd_stamp_identity(steps, make("5", 0), scratch_dir, &e));
    assert_error(e, MCD_IO, "in.txt", "cannot be read");
}

static void a_stamp_says_how_far(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    scratch_text("in.txt", "one");
    assert_return_code(mkdir(scratch_path("steps"), 0777), 0);
    char *mine = identity("5", 0), *other = identity("6", 0);
    struct mcd_step *step = make("5", 0);
    assert_int_equal(mcd_stamp_read(step, scratch_dir, mine), MCD_STAMP_NONE);
    assert_ok(mcd_stamp_write(step, scratch_dir, mine, MCD_STAMP_STARTED, &e), e);
    assert_int_equal(mcd_stamp_read(step, scratch_dir, mine), MCD_STAMP_STARTED);
    step->seconds = 12.5;
    step->is_bad = 1;
    assert_ok(mcd_stamp_write(step, scratch_dir, mine, MCD_STAMP_DONE, &e), e);
    assert_int_equal(mcd_stamp_read(step, scratch_dir, mine), MCD_STAMP_STARTED); /* no output */
    scratch_text("out.txt", "");
    step = make("5", 0);
    assert_int_equal(mcd_stamp_read(step, scratch_dir, mine), MCD_STAMP_DONE);
    assert_true(step->seconds == 12.5 && step->is_bad);
    assert_int_equal(mcd_stamp_read(step, scratch_dir, other), MCD_STAMP_NONE);
    static const char *const damaged[] = {"", "{", "[]", "{\"format\": \"mcdrop step 2\"}", "\x80"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        scratch_text("steps/step.json", damaged[i]);
        assert_int_equal(mcd_stamp_read(step, scratch_dir, mine), MCD_STAMP_NONE);
    }
    free(mine), free(other);
}

static void a_command_is_shown_as_a_shell_takes_it(void **state)
{
    (void)state;
    char text[400], cut[12];
    struct mcd_step *step = make("it's", 0);
    mcd_step_show(steps, step, "my dir", text, sizeof text);
    assert_string_equal(text, "mcdrop plot errors --out 'my dir/figure' 'it'\\''s' 'my dir/in.txt' "
                              "a@b");
    steps->step[0].state = MCD_STEP_DONE;
    step->captures = 1;
    mcd_step_show(steps, step, "D", text, sizeof text);
    assert_string_equal(text, "mcdrop plot errors --out D/figure 'it'\\''s' D/in.txt "
                              "'a label=D/more.txt' a@b > D/out.txt");
    mcd_step_show(steps, step, "D", cut, sizeof cut);
    assert_string_equal(cut, "mcdrop plot");
}

static void what_is_wanted_brings_what_it_needs(void **state)
{
    (void)state;
    struct mcd_tutorial t = {
        .dir = "D", .backend = "b", .images = "mnist", .scale = &mcd_scales[1], .seed = 1};
    struct mcd_error e = {0};
    assert_ok(mcd_plan_make(steps, &t, NULL, &e), e);
    mcd_steps_want(steps, 1u << MCD_PART_ROTATED);
    assert_int_equal(mcd_steps_find(steps, "mlp-0.2-0.5-s1")->state, MCD_STEP_OPEN);
    assert_int_equal(mcd_steps_find(steps, "lenet-0.5-s1")->state, MCD_STEP_OPEN);
    assert_int_equal(mcd_steps_find(steps, "mlp-0.2-0.5-s2")->state, MCD_STEP_UNWANTED);
    assert_int_equal(mcd_steps_find(steps, "mlp-0-0-s1")->state, MCD_STEP_UNWANTED);
    assert_int_equal(mcd_steps_find(steps, "gp")->state, MCD_STEP_UNWANTED);
    mcd_steps_want(steps, 1u << MCD_PART_REPORT); /* its figures take what is there */
    for (size_t i = 0; i < steps->count; i++)
        assert_int_equal(steps->step[i].state == MCD_STEP_OPEN,
                         steps->step[i].part == MCD_PART_REPORT);
}

/* In each scale: names occur once, and what is read has been made before. */
static void plans_are_in_order(void **state)
{
    (void)state;
    for (const struct mcd_scale *c = mcd_scales; c->name; c++) {
        struct mcd_tutorial t = {
            .dir = "D", .backend = "b", .images = "mnist", .scale = c, .seed = 1, .threads = 3};
        struct mcd_error e = {0};
        assert_ok(mcd_plan_make(steps, &t, "5", &e), e);
        for (size_t i = 0; i < steps->count; i++) {
            const struct mcd_step *step = &steps->step[i];
            assert_ptr_equal(mcd_steps_find(steps, step->id), step);
            assert_true(step->cost > 0 && step->outputs > 0);
            for (unsigned k = 0; k < step->outputs; k++)
                assert_ptr_equal(mcd_steps_maker(steps, step->output[k]), step);
            for (unsigned k = 0; k < step->words; k++) {
                const char *file = step->word[k].file;
                const struct mcd_step *maker = file ? mcd_steps_maker(steps, file) : NULL;
                assert_true(!file || strncmp(file, "data/", 5) == 0 || (maker && maker < step));
            }
        }
    }
}

static void a_plan_without_room_says_so(void **state)
{
    (void)state;
    struct mcd_scale many = mcd_scales[1];
    struct mcd_tutorial t = {
        .dir = "D", .backend = "b", .images = "mnist", .scale = &many, .seed = 1};
    struct mcd_error e = {0};
    many.mlp_seeds = 60;
    assert_int_equal(mcd_plan_make(steps, &t, NULL, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "tutorial", "no room");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_identity_is_what_changes_results, scratch_empty),
        cmocka_unit_test_teardown(a_stamp_says_how_far, scratch_empty),
        cmocka_unit_test(a_command_is_shown_as_a_shell_takes_it),
        cmocka_unit_test(what_is_wanted_brings_what_it_needs),
        cmocka_unit_test(plans_are_in_order),
        cmocka_unit_test(a_plan_without_room_says_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
