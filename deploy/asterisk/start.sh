#!/bin/sh
# The shipped configuration, over it the office's own *_local.conf, and the AMI account with the secret from its file.
set -eu
umask 027
cp /conf/*.conf /etc/asterisk/
for file in /local/*_local.conf; do
    if [ -f "$file" ]; then cp "$file" /etc/asterisk/; fi
done
printf '[callwright](callwright-account)\nsecret = %s\n' "$(cat /run/secrets/ami_secret)" > /etc/asterisk/manager_local.conf
exec asterisk -f -n
