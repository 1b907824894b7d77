#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Programs of Debian do real work in the default sandbox as it is, in its /tmp. Servers that want to change their user as
# root (nginx, postgres) are started as a user: no capability is given for that.

load ../runtime/helpers

# An ordinary user is one inside as well.
AS_USER=(--user 1000:1000)

setup() { common_setup; }
teardown() { common_teardown; }

# works PROGRAM EXPECTED SCRIPT [OPTION…]: what is printed last is expected
works() {
	local program=$1 expected=$2 script=$3
	shift 3
	command -v "$program" >/dev/null || skip "$program is missing"
	run "$BULKHEAD" --root "$STATE" run "$@" host sh -ec "cd /tmp; export HOME=/tmp; $script"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "$expected" ]
	leftovers
}

@test "bash: job control, process substitution" {
	works bash 6 'bash -c "set -m; sleep 0.01 & wait; paste -sd+ <(seq 3) | bc 2>/dev/null || echo \$((1+2+3))"'
}
@test "coreutils: sort, split, shuf, sha256sum" {
	works sort 10000 'seq 10000 | shuf > a; split -l 1000 a p.; sort -n p.* > b; seq 10000 | cmp - b; sha256sum b | sha256sum -c --quiet 2>/dev/null || true; wc -l < b'
}
@test "python3: threads, sqlite, subprocesses, a socket on loopback" {
	works python3 "b'hello' 42" 'cat > t.py <<"END"
import socket, sqlite3, subprocess, threading, multiprocessing
server = socket.create_server(("127.0.0.1", 0))
def serve():
    peer, _ = server.accept(); peer.sendall(peer.recv(9))
threading.Thread(target=serve).start()
client = socket.create_connection(server.getsockname()); client.sendall(b"hello")
base = sqlite3.connect("x.db"); base.execute("create table t(a)"); base.execute("insert into t values(42)"); base.commit()
assert subprocess.run(["true"]).returncode == 0
with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]
print(client.recv(9), base.execute("select a from t").fetchone()[0])
END
python3 t.py'
}
@test "perl: fork, sockets, files" {
	works perl 'ok 3' 'perl -MSocket -e "socketpair(A,B,AF_UNIX,SOCK_STREAM,0); unless(fork){syswrite A,q(abc);exit} wait; sysread B,\$x,9; print qq(ok ),length \$x,qq(\n)"'
}
@test "node: a web server and its client" {
	works node 'hello from node' 'cat > s.js <<"END"
const http = require("http"), fs = require("fs"), { Worker, isMainThread } = require("worker_threads");
const server = http.createServer((q, s) => s.end("hello from node\n")).listen(0, "127.0.0.1", () =>
  http.get({ port: server.address().port }, r => { r.pipe(process.stdout); r.on("end", () => server.close()); }));
END
node s.js'
}
@test "git: commit, clone, merge" {
	works git 3 'git init -q a; cd a; git config user.email a@b; git config user.name n; echo 1 > f; git add f; git commit -qm 1; git checkout -qb side; echo 2 > g; git add g; git commit -qm 2; git checkout -q -; git merge -q --no-ff -m 3 side; cd ..; git clone -q a b; git -C b rev-list --count HEAD'
}
@test "gcc and make: compile and run" {
	works gcc 'built 7' 'printf "#include <stdio.h>\nint main(void){printf(\"built %%d\\\\n\", 7);}" > m.c; printf "m: m.c\n\tgcc -O2 -o m m.c\n" > Makefile; make -s; ./m'
}
@test "sqlite3: a file with a write-ahead log" {
	works sqlite3 5050 'sqlite3 d.db "pragma journal_mode=wal; create table t(a); with recursive c(x) as (select 1 union all select x+1 from c where x<100) insert into t select x from c; select sum(a) from t"'
}
@test "nginx: workers answer" {
	works /usr/sbin/nginx 'from nginx' 'mkdir www log; echo "from nginx" > www/index.html; cat > n.conf <<"END"
pid /tmp/nginx.pid; error_log /tmp/log/e; worker_processes 2; events {}
http { access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
server { listen 127.0.0.1:8080; root /tmp/www; } }
END
/usr/sbin/nginx -e /tmp/log/e -c /tmp/n.conf; curl -s http://127.0.0.1:8080/; kill $(cat nginx.pid)' "${AS_USER[@]}"
}
@test "redis: writes, saves" {
	works redis-server 'v OK' 'redis-server --port 0 --unixsocket /tmp/r.sock --daemonize yes --dir /tmp --logfile /tmp/r.log >/dev/null; until redis-cli -s /tmp/r.sock ping >/dev/null 2>&1; do :; done; redis-cli -s /tmp/r.sock set k v >/dev/null; echo $(redis-cli -s /tmp/r.sock get k) $(redis-cli -s /tmp/r.sock save); redis-cli -s /tmp/r.sock shutdown nosave; true'
}
@test "postgres: a cluster of its own" {
	postgres=$(ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -1)
	[ -n "$postgres" ] || skip "postgres is missing"
	run "$BULKHEAD" --root "$STATE" run "${AS_USER[@]}" host sh -ec "export HOME=/tmp LC_ALL=C PATH=$(dirname "$postgres"):/usr/bin:/bin; cd /tmp
		mkdir d; initdb -D d -U me -A trust >init.log 2>&1 || { cat init.log; exit 1; }
		pg_ctl -D d -w -l log -o '-k /tmp -c listen_addresses=' start >/dev/null || { cat log; exit 1; }
		psql -h /tmp -U me -Atc 'create table t as select generate_series(1,100) a; select sum(a) from t' postgres | tail -1; pg_ctl -D d -w stop >/dev/null"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 5050 ]
	leftovers
}
@test "curl and openssl: a certificate, TLS on loopback" {
	works openssl 'HTTP/1.0 200 ok' 'openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=localhost 2>/dev/null; openssl s_server -quiet -www -accept 127.0.0.1:4433 -key k -cert c >/dev/null 2>&1 & until curl -sk https://127.0.0.1:4433/ -o out -D head; do :; done; kill $!; head -1 head | tr -d "\r"'
}
@test "tar, gzip, xz, zstd: there and back" {
	works zstd 'same same same' 'cp -r /usr/share/doc/bash doc; for z in z J "-zstd"; do case $z in -*) f=-$z;; *) f=-$z;; esac; tar c $f -f t.tar doc; mkdir -p o; tar x -C o -f t.tar; diff -r doc o/doc && printf "same "; done | sed "s/ $//"; echo'
}
@test "rsync: a tree, twice" {
	works rsync 0 'cp -r /usr/share/doc/bash a; rsync -a a/ b/; rsync -ani a/ b/ | wc -l'
}
@test "vim: a file from a script" {
	works vim.tiny 'new text' 'echo "old text" > f; vim.tiny -es -u NONE -c "%s/old/new/" -c wq f; cat f'
}
@test "tmux: a server and a session" {
	works tmux 'inside' 'export TMUX_TMPDIR=/tmp TERM=xterm; tmux -f /dev/null start-server \; set -s exit-empty off \; new-session -d "echo inside > /tmp/o; tmux wait-for -S done"; tmux wait-for done; tmux kill-server; cat o'
}
@test "gpg: a key, a signature" {
	works gpg 'good' 'mkdir -m 700 g; export GNUPGHOME=/tmp/g; gpg --batch -q --passphrase "" --quick-gen-key me@x ed25519 2>/dev/null; echo x > m; gpg --batch -q --sign m; gpg -q --verify m.gpg 2>/dev/null && echo good; gpgconf --kill all'
}
@test "ssh-keygen: a key, a signature" {
	works ssh-keygen 'Good' 'ssh-keygen -q -t ed25519 -N "" -f k; echo x > m; ssh-keygen -q -Y sign -f k -n file m; echo "me $(cat k.pub)" > allowed; ssh-keygen -Y verify -f allowed -I me -n file -s m.sig < m | cut -d" " -f1'
}
@test "jq: a filter" {
	works jq 6 'echo "[1,2,3]" | jq add'
}
@test "imagemagick: draws and converts" {
	works /usr/bin/convert-im6.q16 'PNG 32x32' '/usr/bin/convert-im6.q16 -size 32x32 gradient:red-blue a.png; /usr/bin/identify-im6.q16 -format "%m %wx%h\n" a.png'
}
@test "ffmpeg: encodes with threads" {
	works ffmpeg 'frames 25' 'ffmpeg -loglevel error -f lavfi -i testsrc=d=1:s=64x64:r=25 -threads 2 -c:v mpeg4 o.mp4; echo frames $(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 o.mp4)'
}
@test "ruby: threads, a server of its own, JSON" {
	works ruby '{"sum"=>5050, "from"=>"ruby"}' 'cat > t.rb <<"END"
require "socket"; require "json"
server = TCPServer.new("127.0.0.1", 0)
thread = Thread.new { peer = server.accept; peer.puts({sum: (1..100).sum, from: "ruby"}.to_json); peer.close }
puts JSON.parse(TCPSocket.new("127.0.0.1", server.addr[1]).gets).inspect.gsub(/" => /, "\"=>")
thread.join
END
ruby t.rb'
}
@test "php: its web server answers" {
	works php 'php says 42' 'echo "<?php echo \"php says \" . 6 * 7 . \"\n\";" > i.php; php -S 127.0.0.1:8081 -t /tmp >/dev/null 2>&1 & until curl -sf http://127.0.0.1:8081/i.php -o out; do :; done; kill $!; cat out'
}
@test "lua: coroutines, files, patterns" {
	works lua5.4 '2 3 5 7 11 13 17 19' 'cat > t.lua <<"END"
local function primes(n) return coroutine.wrap(function() for i = 2, n do local p = true; for d = 2, i // 2 do if i % d == 0 then p = false end end; if p then coroutine.yield(i) end end end) end
local f = io.open("out", "w"); for p in primes(20) do f:write(p, "\n") end; f:close()
local all = {}; for line in io.lines("out") do all[#all + 1] = line end; print(table.concat(all, " "))
END
lua5.4 t.lua'
}
@test "gawk: counts words as sort and uniq do" {
	works gawk same 'tr -cs A-Za-z "\n" < /usr/share/common-licenses/Apache-2.0 > words; gawk "NF {n[\$1]++} END {for (w in n) print n[w], w}" words | sort > a; grep . words | sort | uniq -c | sed "s/^ *//" | sort > b; cmp a b && echo same'
}
@test "bc: a hundred digits of pi" {
	works bc '3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706' 'echo "scale=110; p=4*a(1); scale=98; p/1" | BC_LINE_LENGTH=0 bc -l'
}
@test "git daemon: a clone over loopback" {
	works git 'cloned' 'git init -q --bare r.git; git init -q w; cd w; git config user.email a@b; git config user.name n; echo cloned > f; git add f; git commit -qm 1; git push -q ../r.git HEAD:main; cd ..; git -C r.git symbolic-ref HEAD refs/heads/main; git daemon --export-all --base-path=/tmp --listen=127.0.0.1 --port=9419 --reuseaddr >/dev/null 2>&1 & until git clone -q git://127.0.0.1:9419/r.git c 2>/dev/null; do :; done; kill $!; cat c/f'
}
@test "meson, ninja: configure, build and test a project" {
	works meson 'Ok: 1' 'mkdir p; cd p; printf "int main(void){return 0;}" > m.c; printf "project(%%sp%%s,%%sc%%s)\ntest(%%st%%s, executable(%%sm%%s, %%sm.c%%s))\n" > meson.build; sed -i "s/%s/\\x27/g" meson.build; meson setup b >/dev/null; ninja -C b >/dev/null; meson test -C b | sed -n "s/^\(Ok:\) *\([0-9]*\).*/\1 \2/p"'
}
@test "clang: compiles and runs with the undefined behaviour sanitizer" {
	works clang 'runtime error' 'printf "int main(int n, char **v){int x = 2147483647; return (x + n) & 0;}" > m.c; clang -fsanitize=undefined -o m m.c; ./m 2>&1 | grep -o "runtime error"'
}
@test "diff, patch, cpio: a tree changed and carried" {
	works cpio 'carried 2' 'mkdir -p a o; echo 1 > a/x; echo 1 > a/y; cp -r a b; echo 2 > b/x; diff -ru a b > p || true; (cd a && patch -sp1 < ../p); cmp a/x b/x; (cd a && find . -type f | cpio -o --quiet -H newc) > t.cpio; (cd o && cpio -i --quiet < ../t.cpio); diff -r a o; echo carried $(cat o/x)'
}
@test "mandoc: reads a page" {
	works mandoc 'NAME' 'mandoc -T ascii /usr/share/man/man1/mandoc.1.gz 2>/dev/null | col -b 2>/dev/null | grep -m1 "^NAME" || { zcat /usr/share/man/man1/mandoc.1.gz | mandoc -T ascii | sed "s/.\x08//g" | grep -m1 "^NAME"; }'
}
@test "find, xargs, sed, grep, diff" {
	works find 'sum 4' 'mkdir d; for i in 1 2 3 4; do echo line $i > d/$i; done; find d -type f -print0 | xargs -0 -P2 -n1 sed -i s/line/LINE/; echo sum $(grep -rl LINE d | wc -l)'
}
