# Included by engine/local.mk: having documents read.
noinst_LIBRARIES += engine/libreader.a
engine_libreader_a_SOURCES = engine/answer.c engine/answer.h engine/reader.c engine/reader.h
READER_LDADD = engine/libreader.a
