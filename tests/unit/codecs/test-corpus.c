/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/test-corpus.c - odd, broken and hostile files of other projects.
 *
 * Each file is read in a child process with a limit on time and memory, as the worker does it: the
 * verdict is a page or an error with a code, never a signal. The files are not part of the project;
 * without them every case is skipped. Run with --verbose to see what became of each file.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/clock.h"
#include "base/source.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CORPUS_SANITIZED = 1 };
#else
enum { CORPUS_SANITIZED = 0 };
#endif

enum {
    CORPUS_SECONDS = 60,
    CORPUS_MAX_PAGES = 8,
    CORPUS_TEXT_BYTES = 400,
    CORPUS_CANNOT_START = 99,
};

/* What a child says of one file, over its pipe. */
typedef struct {
    int32_t code; /* 0: every page was decoded */
    uint32_t pages;
    uint32_t decoded;
    uint32_t glyphs;
    uint32_t attachments;
    int64_t elapsed_ms;
    char message[CORPUS_TEXT_BYTES];
} CorpusVerdict;

/* A file that must end as stated, besides not crashing. */
typedef struct {
    const char *name;
    int code;
    unsigned pages; /* 0: any */
} CorpusWanted;

static const CorpusWanted corpus_wanted[] = {
    {"multipage_single_frame_loop.tiff", 0, 1},
    {"multipage_out_of_order.tiff", 0, 3},
    {"g4-multi.tiff", 0, 3},
    {"truncated_jpeg.jpg", 0, 1},
    {"quad-tile.jpg.tiff", 0, 1},
    {"logluv-3c-16b.tiff", 0, 1},
    {"minisblack-2c-8b-alpha.tiff", 0, 1},
    {"palette-1c-4b.tiff", 0, 1},
    {"tiff_strip_cmyk_jpeg.tif", 0, 1},
    {"tRNS_null_1x1.png", 0, 1},
    {"issue21579.pdf", DN_ERROR_UNSUPPORTED, 0},
    {"invalid.pdf", DN_ERROR_FORMAT, 0},
    {"ccitt.pdf", 0, 1},
    {"jbig2.pdf", 0, 1},
};

static void
corpus_note(CorpusVerdict *verdict, GError *error)
{
    if (verdict->code == 0) {
        verdict->code = dn_error_code(error);
        g_strlcpy(verdict->message, error->message, sizeof verdict->message);
    }
    g_error_free(error);
}

static void
corpus_read(const char *path, CorpusVerdict *verdict)
{
    const DnLimits *limits = &dn_limits_default;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = dn_source_read_file(path, limits->max_document_bytes, &error);
    g_autoptr(DnDocument) document = bytes ? dn_document_open(bytes, limits, &error) : NULL;
    g_autoptr(GPtrArray) attachments = NULL;

    if (!document) {
        corpus_note(verdict, g_steal_pointer(&error));
        return;
    }
    verdict->pages = dn_document_page_count(document);
    for (unsigned page = 0; page < MIN(verdict->pages, (unsigned)CORPUS_MAX_PAGES); page++) {
        GError *cause = NULL;
        DnPageInfo info = {0};
        g_autoptr(DnPixmap) pixmap = NULL;
        g_autoptr(GArray) glyphs = NULL;

        if (!dn_document_header(document, page, &info, &cause)) {
            corpus_note(verdict, cause);
            continue;
        }
        pixmap = dn_document_decode(document, page, DN_FAIL_ON_ERROR, &cause);
        if (!pixmap) {
            corpus_note(verdict, cause);
            continue;
        }
        g_assert_cmpuint(pixmap->width_px, ==, info.width_px);
        g_assert_cmpuint(pixmap->height_px, ==, info.height_px);
        verdict->decoded++;
        glyphs = dn_document_text(document, page, &cause);
        if (glyphs)
            verdict->glyphs += glyphs->len;
        else
            corpus_note(verdict, cause);
    }
    attachments = dn_document_attachments(document, &error);
    if (attachments)
        verdict->attachments = attachments->len;
    else
        corpus_note(verdict, g_steal_pointer(&error));
}

static G_NORETURN void
corpus_child(const char *path, int fd)
{
    const struct rlimit memory = {dn_limits_default.max_memory_bytes,
                                  dn_limits_default.max_memory_bytes};
    const struct rlimit no_core = {0, 0};
    CorpusVerdict verdict = {0};
    int64_t start_ms = dn_clock_monotonic_ms();

    if (setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        (!CORPUS_SANITIZED && setrlimit(RLIMIT_AS, &memory) != 0))
        _exit(CORPUS_CANNOT_START);
    alarm(CORPUS_SECONDS);
    corpus_read(path, &verdict);
    verdict.elapsed_ms = dn_clock_monotonic_ms() - start_ms;
    _exit(write(fd, &verdict, sizeof verdict) == sizeof verdict ? 0 : CORPUS_CANNOT_START);
}

/* Reads @path in a child; false when it ended by a signal. */
static bool
corpus_run(const char *path, CorpusVerdict *verdict, struct rusage *usage, int *out_signal)
{
    int pipe_fds[2] = {-1, -1};
    int status = 0;
    pid_t pid = -1;

    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        corpus_child(path, pipe_fds[1]);
    close(pipe_fds[1]);
    if (read(pipe_fds[0], verdict, sizeof *verdict) != sizeof *verdict)
        memset(verdict, 0, sizeof *verdict);
    close(pipe_fds[0]);
    g_assert_cmpint(wait4(pid, &status, 0, usage), ==, pid);
    *out_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
corpus_check(const char *name, const CorpusVerdict *verdict)
{
    for (size_t i = 0; i < G_N_ELEMENTS(corpus_wanted); i++) {
        if (strcmp(name, corpus_wanted[i].name) != 0)
            continue;
        g_assert_cmpint(verdict->code, ==, corpus_wanted[i].code);
        if (corpus_wanted[i].pages > 0)
            g_assert_cmpuint(verdict->pages, ==, corpus_wanted[i].pages);
    }
    /* 35,000 pixels a side: drawn smaller or refused, but soon and within a GiB. */
    if (strcmp(name, "hugemono.pdf") == 0)
        g_assert_true(verdict->code == 0 || verdict->code == DN_ERROR_LIMIT);
}

static void
test_folder(gconstpointer data)
{
    const char *folder = data;
    g_autofree char *path =
        g_build_filename(g_getenv("DENCHO_SRCDIR") ?: ".", "..", "shared", "data", folder, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name = NULL;
    unsigned bad = 0;

    if (!dir) {
        g_test_skip("the files are not here");
        return;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        CorpusVerdict verdict = {0};
        struct rusage usage = {0};
        int ended_by = 0;
        bool whole = false;

        if (!g_file_test(file, G_FILE_TEST_IS_REGULAR) || g_str_has_suffix(name, ".md"))
            continue;
        whole = corpus_run(file, &verdict, &usage, &ended_by);
        g_test_message(
            "%s/%s\t%s\tpages %u/%u\tglyphs %u\tfiles %u\t%d ms\t%ld MiB\t%s", folder, name,
            !whole ? g_strsignal(ended_by) : (verdict.code ? dn_error_name(verdict.code) : "ok"),
            verdict.decoded, verdict.pages, verdict.glyphs, verdict.attachments,
            (int)verdict.elapsed_ms, usage.ru_maxrss >> 10, verdict.message);
        if (!whole) {
            bad++;
            continue;
        }
        corpus_check(name, &verdict);
        if (!CORPUS_SANITIZED)
            g_assert_cmpint(usage.ru_maxrss >> 10, <, 1024);
    }
    g_assert_cmpuint(bad, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/codecs/corpus/codec-libtiff", "codec-libtiff", test_folder);
    g_test_add_data_func("/codecs/corpus/codec-pillow", "codec-pillow", test_folder);
    g_test_add_data_func("/codecs/corpus/exif-orientation", "exif-orientation", test_folder);
    g_test_add_data_func("/codecs/corpus/pdf-broken", "pdf-broken", test_folder);
    g_test_add_data_func("/codecs/corpus/pdf-ocr", "pdf-ocr", test_folder);
    g_test_add_data_func("/codecs/corpus/pdfa", "pdfa", test_folder);
    g_test_add_data_func("/codecs/corpus/zugferd", "zugferd", test_folder);
    return g_test_run();
}
