/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/on-demand.c - a recogniser that is opened when it is first needed.
 *
 * A model takes a tenth of a second and some ten megabytes to load, and most documents need one or
 * none: those with a text layer are not recognised at all, and the further models are for what the
 * first leaves in doubt. Whether a model is installed is asked once.
 */
#include "config.h"
#include "ocr/recognize.h"

typedef struct {
    DnRecognizer parent;
    const DnRecognizerDriver *driver;
    char *model;
    DnRecognizer *opened; /* (nullable) */
    GError *missing;      /* why it cannot be opened */
} OnDemand;

static bool
on_demand_ready(DnRecognizer *recognizer, GError **error)
{
    OnDemand *self = (OnDemand *)recognizer;

    if (!self->opened && !self->missing)
        self->opened = dn_recognizer_open(self->driver, self->model, &self->missing);
    if (!self->opened)
        g_propagate_error(error, g_error_copy(self->missing));
    return self->opened != NULL;
}

static bool
on_demand_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page, int layout_mode,
               uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    return on_demand_ready(recognizer, error) &&
           dn_recognizer_page(((OnDemand *)recognizer)->opened, page_gray, page, layout_mode,
                              deadline_ms, out_text, out_complete, error);
}

static void
on_demand_close(DnRecognizer *recognizer)
{
    OnDemand *self = (OnDemand *)recognizer;

    dn_recognizer_close(self->opened);
    g_clear_error(&self->missing);
    g_free(self->model);
    g_free(self);
}

static const DnRecognizerDriver on_demand = {
    .name = "on demand",
    .ready = on_demand_ready,
    .page = on_demand_page,
    .close = on_demand_close,
};

/* As the one above; apart from it, because whether a driver is blind is asked before it opens. */
static const DnRecognizerDriver on_demand_blind = {
    .name = "on demand",
    .blind = true,
    .ready = on_demand_ready,
    .page = on_demand_page,
    .close = on_demand_close,
};

DnRecognizer *
dn_recognizer_on_demand(const DnRecognizerDriver *driver, const char *model)
{
    OnDemand *self = g_new0(OnDemand, 1);

    self->parent.driver = driver->blind ? &on_demand_blind : &on_demand;
    self->driver = driver;
    self->model = g_strdup(model);
    return &self->parent;
}
