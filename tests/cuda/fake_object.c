/* The list of everything that was made and not given back: handles are looked up in it. */
#include "fake_inner.h"

static struct fake_object *objects;

void *fake_make(enum fake_kind kind, size_t bytes)
{
    struct fake_object *o = calloc(1, bytes);
    if (!o)
        abort();
    o->kind = kind;
    o->next = objects;
    objects = o;
    return o;
}

void fake_unmake(void *object)
{
    struct fake_object **at = &objects;
    while (*at != object)
        at = &(*at)->next;
    *at = (*at)->next;
    free(object);
}

struct fake_object *fake_first(void)
{
    return objects;
}

int fake_is(const void *object, enum fake_kind kind)
{
    const struct fake_object *o = objects;
    while (o && o != object)
        o = o->next;
    if (o && o->kind == kind)
        return 1;
    fake_wrong(o ? "a handle of another kind" : "a handle that is not alive");
    return 0;
}
