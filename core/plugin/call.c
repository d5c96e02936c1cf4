/* Constructors through libffi: every argument has the C type that mcdrop/param.h promises. */
#include "core/plugin/call.h"

#include "core/base/error.h"
#include "core/base/host.h"

#include <ffi.h>

/* MCD_CREATE_ARGS: host, self, error. */
enum { FIXED = 3 };

/* What libffi wants to see of one argument. */
struct frame {
    ffi_type *type[FIXED + MCD_MAX_PARAMS];
    void *value[FIXED + MCD_MAX_PARAMS];
    const struct mcd_ints *ints[MCD_MAX_PARAMS]; /* INTS are passed by address */
};

static void add_value(struct frame *f, uint32_t i, const struct mcd_param *p, union mcd_value *v)
{
    uint32_t at = FIXED + i;
    switch (p->kind) {
    case MCD_INT:
        f->type[at] = &ffi_type_sint64;
        f->value[at] = &v->whole;
        break;
    case MCD_REAL:
        f->type[at] = &ffi_type_double;
        f->value[at] = &v->real;
        break;
    case MCD_BOOL:
    case MCD_ENUM:
        f->type[at] = &ffi_type_sint;
        f->value[at] = &v->choice;
        break;
    case MCD_TEXT:
        f->type[at] = &ffi_type_pointer;
        f->value[at] = &v->text;
        break;
    default: /* INTS: mcd_args_create lets no other kind through */
        f->ints[i] = &v->ints;
        f->type[at] = &ffi_type_pointer;
        f->value[at] = &f->ints[i];
        break;
    }
}

static int call(struct frame *f, const struct mcd_plugin *plugin, uint32_t count,
                struct mcd_error *e)
{
    ffi_cif cif;
    ffi_arg result = 0; /* wider than the int that comes back, as libffi asks for */
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, FIXED + count, &ffi_type_sint, f->type) != FFI_OK)
        return mcd_fail(e, MCD_UNSUPPORTED, plugin->name, "libffi refuses to call its constructor");
    ffi_call(&cif, plugin->create, &result, f->value);
    return (int)result;
}

int mcd_call_create(const struct mcd_host *host, const struct mcd_plugin *plugin,
                    const struct mcd_args *args, void **self, struct mcd_error *e)
{
    *self = NULL;
    struct mcd_error own = {0}, *error = e ? e : &own;
    struct frame *f = mcd_host_zalloc(host, sizeof *f, e);
    if (!f)
        return MCD_NOMEM;
    for (int i = 0; i < FIXED; i++)
        f->type[i] = &ffi_type_pointer;
    f->value[0] = &host;
    f->value[1] = &self;
    f->value[2] = &error;
    for (uint32_t i = 0; i < args->count; i++)
        add_value(f, i, &args->table[i], &args->value[i]);
    int status = call(f, plugin, args->count, error);
    host->release(host, f);
    if (status != MCD_OK)
        *self = NULL;
    return status == MCD_OK ? status : mcd_fail(e, status, plugin->name, MCD_CALL_SILENT, status);
}
