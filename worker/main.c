/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/main.c - dencho-worker: reads one document after the other, behind a fence.
 *
 * Started by the archive (engine/reader.c) as `dencho-worker MODEL MEMORY_BYTES` with a socket as
 * descriptor 3; what goes through it stands in protocol.md. The end of the socket is the end of the
 * worker. A model named script:FILE is read by the scripted recogniser, for tests.
 */
#include "config.h"
#include "base/memory.h"
#include "base/source.h"
#include "base/wire.h"
#include "worker/page-image.h"
#include "worker/read-document.h"
#include "worker/rendition.h"
#include "worker/sandbox.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKET_FD = 3, JOB_BYTES_MOST = 64 * 1024 };
enum { CPU_GRACE_MS = 5000 };
enum { KEPT_BLOCK_BYTES = 32 * 1024 * 1024, KEPT_BYTES = 64 * 1024 * 1024 };

static const char SCRIPT_PREFIX[] = "script:";
static const char LATIN_MODEL[] = "eng";
static const char ACCENTED_MODEL[] = "deu";
static const char VERTICAL_MODEL[] = "Japanese_vert";
static const char COLUMN_MODEL[] = "jpn_vert";
static const char LINE_MODEL[] = "jpn";

static void
tell_page(unsigned page, void *user_data)
{
    char body[32];
    int size = snprintf(body, sizeof body, "{\"page\":%u}", page);

    (void)user_data;
    /* A peer that has gone is noticed at the next receive. */
    dn_wire_send(SOCKET_FD, DN_WIRE_PAGE, body, (size_t)size, -1, NULL);
}

/* Everything about a job that can be wrong before its document is looked at. */
static GBytes *
take_job(GBytes *body, int document_fd, DnJob *out_job, GError **error)
{
    if (!dn_job_parse(body, out_job, error) ||
        !dn_sandbox_budget_cpu(out_job->limits.max_document_ms + CPU_GRACE_MS, error))
        return NULL;
    return dn_source_map_sealed(document_fd, out_job->limits.max_document_bytes, error);
}

static bool
do_page_image(GBytes *document, const DnJob *job, GError **error)
{
    g_autoptr(GError) verdict = NULL;
    g_autoptr(GBytes) picture = dn_page_image(document, job, &verdict);
    size_t size = 0;

    if (!picture)
        return dn_protocol_send_verdict(SOCKET_FD, verdict, NULL, error);
    const void *data = g_bytes_get_data(picture, &size);

    return dn_wire_send(SOCKET_FD, DN_WIRE_RENDITION, data, size, -1, error) &&
           dn_wire_send(SOCKET_FD, DN_WIRE_DONE, NULL, 0, -1, error);
}

/* (transfer full) Which of the further models can be opened, told by what they are for. */
static json_t *
models_of(const DnReadTools *tools)
{
    const struct {
        const char *use;
        DnRecognizer *model;
    } all[] = {{"latin", tools->latin},
               {"accented", tools->accented},
               {"vertical", tools->vertical},
               {"column", tools->column},
               {"line", tools->line}};
    json_t *models = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i].model)
            dn_json_set_bool(models, all[i].use, dn_recognizer_is_ready(all[i].model, NULL));
    return models;
}

static bool
do_reading(GBytes *document, const DnJob *job, const DnReadTools *tools, GError **error)
{
    g_autoptr(DnOutcome) outcome = NULL;
    g_autoptr(GError) verdict = NULL;
    const char *media_type = NULL;

    if (!dn_read_document(document, job, tools, &outcome, &media_type, &verdict))
        return dn_protocol_send_verdict(SOCKET_FD, verdict, media_type, error);
    if (job->models)
        dn_json_take(outcome->reading, "models", models_of(tools));
    return dn_protocol_send_outcome(SOCKET_FD, outcome, error);
}

static bool
serve(const DnReadTools *tools, GError **error)
{
    dn_autofd int document_fd = -1;
    g_autoptr(GBytes) body = NULL;
    g_autoptr(GError) verdict = NULL;
    DnWireType type;
    DnJob job;

    if (!dn_wire_receive(SOCKET_FD, JOB_BYTES_MOST, -1, &type, &body, &document_fd, error))
        return false;
    if (type != DN_WIRE_JOB)
        return dn_fail(error, DN_ERROR_FORMAT, "expected a job");
    g_autoptr(GBytes) document = take_job(body, document_fd, &job, &verdict);
    bool sent = !document        ? dn_protocol_send_verdict(SOCKET_FD, verdict, NULL, error)
                : job.page_image ? do_page_image(document, &job, error)
                                 : do_reading(document, &job, tools, error);

    /* The next document may be small. What one page of usual size took stays for it. */
    if (mallinfo2().fordblks > KEPT_BYTES)
        malloc_trim(0);
    return sent;
}

/* Loads what the sandbox would refuse or what is slow the first time: the fonts' index, and the
 * character set module that poppler's strings need. */
static void
warm_up(void)
{
    GIConv utf16 = g_iconv_open("UTF-8", "UTF-16BE");

    (void)utf16; /* stays open: closing might unload the module */
    dn_rendition_warm_up();
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    DnSandboxReport report;
    uint64_t memory_bytes = 0;
    struct stat st;

    if (argc != 3 || !g_ascii_string_to_unsigned(argv[2], 10, 0, G_MAXINT64, &memory_bytes, NULL) ||
        fstat(SOCKET_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fprintf(stderr, "dencho-worker is started by dencho, not by hand\n");
        return dn_error_exit_status(DN_ERROR_INVALID);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Pages and their copies come and go by the dozen: memory is kept for the next one, or each
     * would be mapped and cleared anew. What is left goes back after the document. */
    mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    DnReadTools tools = {.page_done = tell_page};

    if (g_str_has_prefix(argv[1], SCRIPT_PREFIX)) {
        tools.recognizer =
            dn_recognizer_on_demand(&dn_recognizer_script, argv[1] + strlen(SCRIPT_PREFIX));
        dn_recognizer_is_ready(tools.recognizer, NULL); /* the fence has no gap for a script */
    } else {
        /* Pages are read without the others, if less well. */
        tools.recognizer = dn_recognizer_on_demand(&dn_recognizer_tesseract, argv[1]);
        tools.latin = dn_recognizer_on_demand(&dn_recognizer_tesseract, LATIN_MODEL);
        tools.accented = dn_recognizer_on_demand(&dn_recognizer_tesseract, ACCENTED_MODEL);
        tools.vertical = dn_recognizer_on_demand(&dn_recognizer_tesseract, VERTICAL_MODEL);
        tools.column = dn_recognizer_on_demand(&dn_recognizer_tesseract, COLUMN_MODEL);
        tools.line = dn_recognizer_on_demand(&dn_recognizer_tesseract, LINE_MODEL);
    }
    warm_up();
    if (!dn_sandbox_enter(memory_bytes, g_getenv("TESSDATA_PREFIX"), &report, &error)) {
        fprintf(stderr, "dencho-worker: %s\n", error->message);
        return dn_error_exit_status(DN_ERROR_EXTERNAL);
    }
    while (serve(&tools, &error))
        ;
    /* Libraries tidy up at exit for nobody's good, and some in ways the sandbox refuses. */
    _exit(dn_error_code(error) == DN_ERROR_EXTERNAL ? 0
                                                    : dn_error_exit_status(dn_error_code(error)));
}
