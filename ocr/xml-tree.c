/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/xml-tree.c - libxml2's parser with callbacks of our own, so that it never builds anything.
 *
 * The bytes are made UTF-8 before the parser sees them and the XML declaration is taken off: what a
 * file says of its encoding is often wrong, and a name of an encoding must not load a converter.
 * libxml2 compares the attributes of an element each with each, so their number is bounded before
 * it is asked.
 */
#include "config.h"
#include "ocr/xml-tree.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

enum {
    BYTES_MOST = 20 << 20,
    NODES_MOST = 200000,
    DEPTH_MOST = 64,
    EQUAL_SIGNS_MOST = 1000, /* between two '<': no element has as many attributes */
    ATTRIBUTES_KEPT = 8,
    ATTRIBUTE_BYTES_MOST = 256,
};

typedef struct {
    DnXmlTree *tree;
    DnXmlNode *current;
    GString *text;
    xmlParserCtxt *parser;
    GError *error;
} Building;

/* ---- what the parser tells ---- */

static void
stop(Building *self, DnErrorCode code, const char *why)
{
    if (!self->error)
        dn_fail(&self->error, code, "%s", why);
    xmlStopParser(self->parser);
}

static const char *
keep(Building *self, const char *text, size_t size, size_t most)
{
    const char *end = NULL;

    size = MIN(size, most);
    if (!g_utf8_validate_len(text, size, &end)) /* cut within a character */
        size = (size_t)(end - text);
    return g_string_chunk_insert_len(self->tree->strings, text, (gssize)size);
}

static void
keep_attributes(Building *self, DnXmlNode *node, int count, const xmlChar **attributes)
{
    enum { NAME, PREFIX, URI, VALUE, END, WIDTH };
    int kept = MIN(count, ATTRIBUTES_KEPT);

    if (kept <= 0)
        return;
    const char **list = g_new0(const char *, 2 * (size_t)kept + 1);

    for (int i = 0; i < kept; i++) {
        const char *const *one =
            (const char *const *)(const void *)(attributes + (size_t)i * WIDTH);

        list[2 * i] = g_string_chunk_insert_const(self->tree->strings, one[NAME]);
        list[2 * i + 1] =
            keep(self, one[VALUE], (size_t)(one[END] - one[VALUE]), ATTRIBUTE_BYTES_MOST);
    }
    g_ptr_array_add(self->tree->attributes, list);
    node->attributes = list;
}

static void
on_start(void *user_data, const xmlChar *name, const xmlChar *prefix G_GNUC_UNUSED,
         const xmlChar *uri, int namespaces G_GNUC_UNUSED,
         const xmlChar **namespace_list G_GNUC_UNUSED, int attribute_count,
         int defaulted G_GNUC_UNUSED, const xmlChar **attributes)
{
    Building *self = user_data;
    DnXmlTree *tree = self->tree;
    unsigned depth = self->current ? self->current->depth + 1 : 0;

    if (self->error)
        return;
    if (tree->nodes->len >= NODES_MOST || depth >= DEPTH_MOST) {
        stop(self, DN_ERROR_LIMIT, "the XML has too many elements or too deep ones");
        return;
    }
    DnXmlNode *node = g_new0(DnXmlNode, 1);

    g_ptr_array_add(tree->nodes, node);
    node->name = g_string_chunk_insert_const(tree->strings, (const char *)name);
    node->depth = depth;
    node->parent = self->current;
    keep_attributes(self, node, attribute_count, attributes);
    if (!self->current) {
        tree->root = node;
        tree->root_namespace = g_string_chunk_insert(tree->strings, uri ? (const char *)uri : "");
    } else if (self->current->last) {
        self->current->last->next = node;
    } else {
        self->current->first = node;
    }
    if (self->current)
        self->current->last = node;
    self->current = node;
    g_string_truncate(self->text, 0);
}

static void
on_end(void *user_data, const xmlChar *name G_GNUC_UNUSED, const xmlChar *prefix G_GNUC_UNUSED,
       const xmlChar *uri G_GNUC_UNUSED)
{
    Building *self = user_data;
    DnXmlNode *node = self->current;

    if (self->error || !node)
        return;
    g_strstrip(self->text->str);
    if (!node->first && self->text->str[0])
        node->text = keep(self, self->text->str, strlen(self->text->str), DN_XML_TEXT_BYTES);
    g_string_truncate(self->text, 0);
    self->current = node->parent;
}

static void
on_text(void *user_data, const xmlChar *text, int size)
{
    Building *self = user_data;

    if (self->error || size <= 0)
        return;
    /* Leading white space must not use up the room. */
    while (self->text->len == 0 && size > 0 && g_ascii_isspace(*text)) {
        text++;
        size--;
    }
    if (self->text->len < DN_XML_TEXT_BYTES)
        g_string_append_len(self->text, (const char *)text,
                            (gssize)MIN((size_t)size, DN_XML_TEXT_BYTES - self->text->len));
}

static void
on_document_type(void *user_data, const xmlChar *name G_GNUC_UNUSED,
                 const xmlChar *external G_GNUC_UNUSED, const xmlChar *system G_GNUC_UNUSED)
{
    stop(user_data, DN_ERROR_UNSUPPORTED,
         "the XML declares a document type, which can name other files; it is not read");
}

/* ---- bytes ---- */

/* (transfer full) @data as UTF-8, ended by NUL; *@out_size without it. */
static char *
to_utf8(const uint8_t *data, size_t size, size_t *out_size, GError **error)
{
    static const uint8_t utf8_mark[] = {0xEF, 0xBB, 0xBF};
    bool big = size >= 2 && data[0] == 0xFE && data[1] == 0xFF;
    bool little = size >= 2 && data[0] == 0xFF && data[1] == 0xFE;

    if (big || little) {
        size_t count = size / 2 - 1;
        g_autofree gunichar2 *units = g_new0(gunichar2, count + 1);
        glong written = 0;

        for (size_t i = 0; i < count; i++) {
            const uint8_t *unit = data + 2 + 2 * i;

            units[i] =
                big ? (gunichar2)(unit[0] << 8 | unit[1]) : (gunichar2)(unit[1] << 8 | unit[0]);
        }
        g_autofree char *text = g_utf16_to_utf8(units, (glong)count, NULL, &written, NULL);

        if (!text || size % 2 != 0)
            return dn_fail_null(error, DN_ERROR_FORMAT, "the XML is not the UTF-16 it says it is");
        *out_size = (size_t)written;
        return g_steal_pointer(&text);
    }
    if (size >= sizeof utf8_mark && memcmp(data, utf8_mark, sizeof utf8_mark) == 0) {
        data += sizeof utf8_mark;
        size -= sizeof utf8_mark;
    }
    if (g_utf8_validate_len((const char *)data, size, NULL)) {
        *out_size = size;
        return g_strndup((const char *)data, size);
    }
    return dn_fail_null(error, DN_ERROR_UNSUPPORTED,
                        "the XML is neither in UTF-8 nor in UTF-16 with its mark");
}

/* Behind the XML declaration, when there is one. */
static const char *
behind_declaration(const char *text)
{
    const char *end = NULL;

    while (g_ascii_isspace(*text))
        text++;
    if (!g_str_has_prefix(text, "<?xml") || !g_ascii_isspace(text[strlen("<?xml")]))
        return text;
    end = strstr(text, "?>");
    return end ? end + 2 : text;
}

static bool
has_few_attributes(const char *text, size_t size)
{
    unsigned signs = 0;

    for (size_t i = 0; i < size; i++) {
        signs = text[i] == '<' ? 0 : signs + (text[i] == '=');
        if (signs > EQUAL_SIGNS_MOST)
            return false;
    }
    return true;
}

/* ---- the tree ---- */

static bool
parse(Building *self, const char *text, size_t size)
{
    xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .internalSubset = on_document_type,
    };

    self->parser = size > 0 ? xmlCreateMemoryParserCtxt(text, (int)size) : NULL;
    if (!self->parser)
        return dn_fail(&self->error, DN_ERROR_FORMAT, "the XML is empty");
    *self->parser->sax = handler;
    self->parser->userData = self;
    xmlCtxtUseOptions(self->parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                        XML_PARSE_IGNORE_ENC | XML_PARSE_NOXINCNODE);
    xmlParseDocument(self->parser);
    if (!self->error && (!self->parser->wellFormed || !self->tree->root))
        dn_fail(&self->error, DN_ERROR_FORMAT, "line %d: the XML is not well-formed",
                self->parser->lastError.line);
    xmlFreeDoc(g_steal_pointer(&self->parser->myDoc));
    xmlFreeParserCtxt(g_steal_pointer(&self->parser));
    return !self->error;
}

DnXmlTree *
dn_xml_tree_new(GBytes *bytes, GError **error)
{
    g_autoptr(DnXmlTree) tree = g_new0(DnXmlTree, 1);
    g_autoptr(GString) room = g_string_new(NULL);
    Building building = {.tree = tree, .text = room};
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);

    if (size == 0)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the XML is empty");
    if (size > BYTES_MOST)
        return dn_fail_null(error, DN_ERROR_LIMIT, "the XML has %zu bytes, allowed are %d", size,
                            BYTES_MOST);
    tree->strings = g_string_chunk_new(4096);
    tree->nodes = g_ptr_array_new_with_free_func(g_free);
    tree->attributes = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = to_utf8(data, size, &size, error);

    if (!text)
        return NULL;
    if (memchr(text, '\0', size))
        return dn_fail_null(error, DN_ERROR_FORMAT, "the XML holds a NUL");
    if (!has_few_attributes(text, size))
        return dn_fail_null(error, DN_ERROR_LIMIT, "an element has more than %d attributes",
                            EQUAL_SIGNS_MOST);
    const char *body = behind_declaration(text);

    if (!parse(&building, body, size - (size_t)(body - text))) {
        g_propagate_error(error, building.error);
        return NULL;
    }
    return g_steal_pointer(&tree);
}

void
dn_xml_tree_free(DnXmlTree *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->strings, g_string_chunk_free);
    g_clear_pointer(&self->nodes, g_ptr_array_unref);
    g_clear_pointer(&self->attributes, g_ptr_array_unref);
    g_free(self);
}

/* ---- paths ---- */

/* True when @name is one of the names before the '/' or the end of @path. */
static bool
is_named(const char *name, const char *path)
{
    size_t length = strlen(name);

    for (;;) {
        size_t word = strcspn(path, "|/");

        if (word == length && memcmp(path, name, word) == 0)
            return true;
        if (path[word] != '|')
            return false;
        path += word + 1;
    }
}

/* As deep as the path, which is ours, has names. */
static void
collect(const DnXmlNode *node, const char *path, guint most, GPtrArray *out)
{
    const char *rest = strchr(path, '/');

    for (DnXmlNode *child = node->first; child && out->len < most; child = child->next) {
        if (!is_named(child->name, path))
            continue;
        if (rest)
            collect(child, rest + 1, most, out);
        else
            g_ptr_array_add(out, child);
    }
}

GPtrArray *
dn_xml_all(const DnXmlNode *node, const char *path)
{
    GPtrArray *found = g_ptr_array_new();

    if (node && path)
        collect(node, path, G_MAXUINT, found);
    return found;
}

const DnXmlNode *
dn_xml_find(const DnXmlNode *node, const char *path)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    if (node && path)
        collect(node, path, 1, found);
    return found->len ? found->pdata[0] : NULL;
}

const char *
dn_xml_text(const DnXmlNode *node, const char *path)
{
    g_autoptr(GPtrArray) found = dn_xml_all(node, path);

    for (guint i = 0; i < found->len; i++) {
        const DnXmlNode *one = found->pdata[i];

        if (one->text)
            return one->text;
    }
    return NULL;
}

const char *
dn_xml_attribute(const DnXmlNode *node, const char *name)
{
    for (const char *const *at = node->attributes; at && at[0]; at += 2)
        if (strcmp(at[0], name) == 0)
            return at[1];
    return NULL;
}
