/* A fetch is lost where another one follows before the sync. */
#define FETCH_VALUE value_of_last
#include "sections.h"

static const void *value_of_last(const struct pending *p)
{
    return p->number == fetches ? p->value : NULL;
}

BROKEN("lost", "the last fetch replaces those before");
