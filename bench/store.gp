# bench/store.gp - two charts from the table of `make bench-store`.
#   gnuplot -e "table='bench/store.tsv'; ratios='ratios.svg'; clients='clients.svg'" bench/store.gp
set datafile separator "\t"
set datafile commentschars "#"
set terminal svg size 820,360 font "sans,12" background "#ffffff"
set style fill solid 0.85 noborder
set grid xtics lc rgb "#dddddd"
set border 3
unset key

# How fast the archive is in units of the bare disk and OpenSSL; the mark is what is wanted.
set output ratios
set title "Speed against the bare disk and OpenSSL (bar: measured, mark: wanted)"
rows = "put_100KiB_1_client_ms bulk_put_MB_per_s read_whole_MB_per_s read_64KiB_ranges_in_order_MB_per_s read_64KiB_ranges_anywhere_MB_per_s verify_full_cold_MB_per_s verify_full_warm_MB_per_s"
place(name) = sum [i=1:words(rows)] (word(rows, i) eq name ? i : 0)
label(i) = word("put_by_one_client bulk_put read_whole ranges_in_order ranges_anywhere verify,_cold verify,_warm", i)
spaced(s) = strstrt(s, "_") ? spaced(s[1:strstrt(s, "_") - 1] . " " . s[strstrt(s, "_") + 1:*]) : s
wanted(text) = real(text[3:strlen(text) - 1])
set yrange [words(rows) + 0.6:0.4]
set xrange [0:*]
set xlabel "times as fast"
set ytics (spaced(label(1)) 1, spaced(label(2)) 2, spaced(label(3)) 3, spaced(label(4)) 4, spaced(label(5)) 5, spaced(label(6)) 6, spaced(label(7)) 7)
plot table using (place(strcol(1)) > 0 ? column(6) / 2 : NaN):(place(strcol(1))):(column(6) / 2):(0.3) with boxxyerror lc rgb "#3b6ea5", \
     table using (place(strcol(1)) > 0 ? wanted(strcol(7)) : NaN):(place(strcol(1))):(0.35) with yerrorbars lw 2 pt 0 lc rgb "#c0392b"

# One client and sixteen, on this disk and on slower ones.
set output clients
set title "Durable puts of 100 KiB a second: one client and sixteen"
disks = "put_100KiB_16_clients_per_s put_100KiB_16_clients_sync_1ms_slower_per_s put_100KiB_16_clients_sync_5ms_slower_per_s"
disk(name) = sum [i=1:words(disks)] (word(disks, i) eq name ? i : 0)
set grid noxtics ytics lc rgb "#dddddd"
set xrange [0.4:3.6]
set yrange [0:*]
unset xlabel
set ylabel "puts a second"
set xtics ("this disk" 1, "sync 1 ms slower" 2, "sync 5 ms slower" 3)
set ytics auto
set key top right
plot table using (disk(strcol(1)) > 0 ? disk(strcol(1)) - 0.18 : NaN):5:(0.32) with boxes lc rgb "#a9bcd0" title "1 client", \
     table using (disk(strcol(1)) > 0 ? disk(strcol(1)) + 0.18 : NaN):3:(0.32) with boxes lc rgb "#3b6ea5" title "16 clients"
