noinst_LIBRARIES += engine/ledger/libledger.a
engine_ledger_libledger_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_ledger_libledger_a_SOURCES = \
	engine/ledger/entry-types.def engine/ledger/ledger.c engine/ledger/ledger.h
LEDGER_LDADD = engine/ledger/libledger.a 
