# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=10
# The Debian package (DEB in the environment of run.sh): installed, upgraded over a
# changed configuration, removed, purged.
deb=/opt/lab/badnessd.deb
if [ ! -f "$deb" ]; then
  info 'package: no package was given (DEB=)'
  return 0
fi
# The files of the other cases give way to those of the package.
systemctl stop badnessd
rm -rf /usr/sbin/badnessd /etc/badnessd /usr/lib/systemd/system/badnessd* /usr/lib/sysusers.d/badnessd.conf
systemctl daemon-reload
state() { systemctl is-active badnessd; }
enabled() { systemctl is-enabled badnessd 2>/dev/null; }
dpkg -i "$deb" > "$out/dpkg.txt" 2>&1
is 'package: installs' $? 0
is 'package: the service runs' "$(state)" active
is 'package: and is enabled' "$(enabled)" enabled
is 'package: as its own user' "$(ps -o user= -p "$(main_pid)")" badnessd
sleep 1
badnessd status > "$out/status.txt" 2>&1
is 'package: it watches' $? 0
is 'package: has the manuals' "$(dpkg -L badnessd | grep -c '/man/.*[.]gz$')" 2
echo '# mine' >> /etc/badnessd/badnessd.toml
before=$(main_pid)
dpkg -i "$deb" >> "$out/dpkg.txt" 2>&1
is 'package: upgrades' $? 0
check 'package: keeps what was changed' "$(tail -n 1 /etc/badnessd/badnessd.toml)" grep -q '^# mine' /etc/badnessd/badnessd.toml
is 'package: runs after the upgrade' "$(state)" active
check 'package: runs the new program' "$before, now $(main_pid)" [ "$before" != "$(main_pid)" ]
systemctl disable --now badnessd 2>/dev/null
dpkg -i "$deb" >> "$out/dpkg.txt" 2>&1
is 'package: an upgrade does not enable what was disabled' "$(enabled)" disabled
systemctl enable --now badnessd 2>/dev/null
dpkg -r badnessd >> "$out/dpkg.txt" 2>&1
is 'package: is removed' $? 0
check 'package: nothing runs then' "$(pgrep -a badnessd)" [ -z "$(pgrep -x badnessd)" ]
check 'package: the configuration stays' "$(ls -d /etc/badnessd)" [ -f /etc/badnessd/badnessd.toml ]
dpkg -P badnessd >> "$out/dpkg.txt" 2>&1
is 'package: is purged' $? 0
left=$(find / -xdev -name '*badnessd*' ! -path '/opt/*' ! -path '/proc/*' ! -path "$out/*" 2>/dev/null)
check 'package: nothing is left' "$left" [ -z "$left" ]
