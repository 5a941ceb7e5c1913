/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-gate.c - who waits, for whom, in which order.
 */
#include "config.h"
#include "index/gate.h"

enum { FOR_EVER_US = G_MAXINT32, THREADS = 8 };

typedef struct {
    DnGate *gate;
    GArray *order; /* of those inside, who alone adds to it */
    int number;
} Visitor;

static gpointer
visit(gpointer data)
{
    Visitor *self = data;

    dn_gate_enter(self->gate);
    g_array_append_val(self->order, self->number);
    dn_gate_leave(self->gate);
    return NULL;
}

static void
wait_for(DnGate *gate, unsigned waiting)
{
    while (dn_gate_waiting(gate) != waiting)
        g_usleep(100);
}

static void
test_first_come_first_served(void)
{
    g_autoptr(DnGate) gate = dn_gate_new(1, FOR_EVER_US);
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(int));
    Visitor visitors[THREADS];
    GThread *threads[THREADS];

    dn_gate_enter(gate);
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (Visitor){gate, order, i};
        threads[i] = g_thread_new("visitor", visit, &visitors[i]);
        wait_for(gate, (unsigned)i + 1);
    }
    g_assert_cmpuint(order->len, ==, 0);
    dn_gate_leave(gate);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpuint(order->len, ==, THREADS);
    for (int i = 0; i < THREADS; i++)
        g_assert_cmpint(g_array_index(order, int, i), ==, i);
}

static void
test_room_for_several(void)
{
    g_autoptr(DnGate) gate = dn_gate_new(3, FOR_EVER_US);

    for (int i = 0; i < 3; i++)
        dn_gate_enter(gate);
    for (int i = 0; i < 3; i++)
        dn_gate_leave(gate);
}

static void
test_nobody_hangs_on_one_who_is_stuck(void)
{
    g_autoptr(DnGate) gate = dn_gate_new(1, 1000);

    dn_gate_enter(gate);
    dn_gate_enter(gate);
    g_assert_cmpuint(dn_gate_waiting(gate), ==, 0);
    dn_gate_leave(gate);
    dn_gate_leave(gate);
    dn_gate_enter(gate);
    dn_gate_leave(gate);
}

static void
test_who_returns_does_not_wait(void)
{
    g_autoptr(DnGate) gate = dn_gate_new(1, FOR_EVER_US);
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(int));
    Visitor visitor = {gate, order, 7};
    GThread *thread = NULL;

    dn_gate_enter(gate);
    dn_gate_leave(gate);
    dn_gate_enter(gate); /* another */
    dn_gate_return(gate);
    thread = g_thread_new("visitor", visit, &visitor);
    wait_for(gate, 1);
    dn_gate_leave(gate); /* one is beyond the room: its place is nobody's */
    g_assert_cmpuint(dn_gate_waiting(gate), ==, 1);
    dn_gate_leave(gate);
    g_thread_join(thread);
    g_assert_cmpuint(order->len, ==, 1);
}

static void
test_one_a_process(void)
{
    g_assert_true(dn_gate_of_process() == dn_gate_of_process());
    dn_gate_enter(dn_gate_of_process());
    dn_gate_leave(dn_gate_of_process());
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gate/first-come-first-served", test_first_come_first_served);
    g_test_add_func("/gate/room-for-several", test_room_for_several);
    g_test_add_func("/gate/stuck", test_nobody_hangs_on_one_who_is_stuck);
    g_test_add_func("/gate/returns", test_who_returns_does_not_wait);
    g_test_add_func("/gate/of-process", test_one_a_process);
    return g_test_run();
}
