SELECT bench_comment(:client_id + 1, :client_id + 1, '~t=1700000000000000000; the words of a comment of ordinary length, which an agent writes', gen_random_uuid());
