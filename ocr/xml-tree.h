/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/xml-tree.h - the elements of an XML file from a stranger, as a tree.
 *
 * Nothing outside of the bytes is ever asked for: no network, no entities, no document type, no
 * inclusion. Elements, depth, text and attributes are bounded. Names are local names; only the
 * root's name space is kept. Text is that of elements without children, trimmed, each at most
 * DN_XML_TEXT_BYTES long.
 *
 * Pure. Threads: a tree may be read by many. Ownership: nodes and strings belong to their tree.
 * Errors: FORMAT with the line, UNSUPPORTED for an encoding or a document type, LIMIT.
 */
#ifndef OCR_XML_TREE_H
#define OCR_XML_TREE_H

#include "base/error.h"

G_BEGIN_DECLS

enum { DN_XML_TEXT_BYTES = 4096 };

typedef struct DnXmlNode DnXmlNode;

struct DnXmlNode {
    const char *name;
    const char *text; /* NULL when there is none */
    unsigned depth;   /* 0 for the root */
    DnXmlNode *parent;
    DnXmlNode *first; /* child */
    DnXmlNode *last;
    DnXmlNode *next;               /* sibling */
    const char *const *attributes; /* name, value, name, value ..., NULL; or NULL */
};

typedef struct {
    DnXmlNode *root;
    const char *root_namespace; /* "" when there is none */
    GStringChunk *strings;
    GPtrArray *nodes;      /* of DnXmlNode, in the order of the file */
    GPtrArray *attributes; /* owns the lists */
} DnXmlTree;

DnXmlTree *dn_xml_tree_new(GBytes *bytes, GError **error);
void dn_xml_tree_free(DnXmlTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnXmlTree, dn_xml_tree_free)

/** (transfer container) All nodes at @path below @node: names parted by '/', a name may be one of
 * several parted by '|'. */
GPtrArray *dn_xml_all(const DnXmlNode *node, const char *path);

/** The first of them, or NULL. @node may be NULL. */
const DnXmlNode *dn_xml_find(const DnXmlNode *node, const char *path);

/** The text of the first node at @path that has any, or NULL. @node and @path may be NULL. */
const char *dn_xml_text(const DnXmlNode *node, const char *path);

/** The value of an attribute, or NULL. */
const char *dn_xml_attribute(const DnXmlNode *node, const char *name);

G_END_DECLS
#endif
