<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>Attention</name>
    <message>
        <source>A new message</source>
        <extracomment>Say neither who wrote nor what.</extracomment>
        <translation>Eine neue Nachricht</translation>
    </message>
</context>
<context>
    <name>Bubbles</name>
    <message>
        <source>New messages</source>
        <extracomment>Documents kept: some screens full. Above a bubble of the same group, and of another. A bubble takes at most this much of the width, and never more than this. A message by its identity in memory, the width, what stands above, the direction of writing.</extracomment>
        <translation>Neue Nachrichten</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Do not answer or edit</source>
        <extracomment>The beginning of a mention, right before the cursor. A draft that is to be sent.</extracomment>
        <translation>Weder antworten noch bearbeiten</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Nachricht</translation>
    </message>
    <message>
        <source>Emoji</source>
        <translation>Emoji</translation>
    </message>
    <message>
        <source>Send (Enter)</source>
        <translation>Senden (Eingabe)</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Write a message</source>
        <translation>Nachricht schreiben</translation>
    </message>
    <message>
        <source>Editing</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>Answer to {name}</source>
        <translation>Antwort an {name}</translation>
    </message>
</context>
<context>
    <name>Details</name>
    <message>
        <source>never</source>
        <translation>nie</translation>
    </message>
    <message>
        <source>Close the details</source>
        <extracomment>A room in which somebody is to be invited. A team in which a room is to be founded.</extracomment>
        <translation>Einzelheiten schließen</translation>
    </message>
    <message>
        <source>calls themselves {name}</source>
        <translation>nennt sich {name}</translation>
    </message>
    <message>
        <source>Your own name for them</source>
        <translation>Dein eigener Name für sie</translation>
    </message>
    <message>
        <source>connected at {address}</source>
        <translation>verbunden unter {address}</translation>
    </message>
    <message>
        <source>last seen {when}</source>
        <translation>zuletzt gesehen {when}</translation>
    </message>
    <message>
        <source>Is it really them?</source>
        <translation>Sind sie es wirklich?</translation>
    </message>
    <message>
        <source>Verified: you compared the safety numbers.</source>
        <translation>Geprüft: Ihr habt die Sicherheitsnummern verglichen.</translation>
    </message>
    <message>
        <source>In a team with you: an admin vouched for this key. Not verified by you.</source>
        <translation>In einem Team mit dir: Ein Admin bürgt für diesen Schlüssel. Von dir nicht geprüft.</translation>
    </message>
    <message>
        <source>Not verified. You accepted this key.</source>
        <translation>Nicht geprüft. Du hast diesen Schlüssel angenommen.</translation>
    </message>
    <message>
        <source>Not verified, and not accepted yet.</source>
        <translation>Nicht geprüft und noch nicht angenommen.</translation>
    </message>
    <message>
        <source>The name looks like that of {name}, who is somebody else.</source>
        <translation>Der Name sieht aus wie der von {name}, das ist aber jemand anderes.</translation>
    </message>
    <message>
        <source>Safety number</source>
        <translation>Sicherheitsnummer</translation>
    </message>
    <message>
        <source>The safety number as a QR code</source>
        <translation>Die Sicherheitsnummer als QR-Code</translation>
    </message>
    <message>
        <source>Read these digits to each other, by voice or side by side.</source>
        <translation>Lest euch diese Ziffern vor, am Telefon oder nebeneinander.</translation>
    </message>
    <message>
        <source>Compared: they are equal</source>
        <translation>Verglichen: Sie sind gleich</translation>
    </message>
    <message>
        <source>Block</source>
        <translation>Blockieren</translation>
    </message>
    <message>
        <source>Unblock</source>
        <translation>Nicht mehr blockieren</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>Benachrichtigungen</translation>
    </message>
    <message>
        <source>All messages</source>
        <translation>Alle Nachrichten</translation>
    </message>
    <message>
        <source>Only mentions of me</source>
        <translation>Nur wenn ich erwähnt werde</translation>
    </message>
    <message>
        <source>None (muted)</source>
        <translation>Keine (stumm)</translation>
    </message>
    <message>
        <source>Delivery</source>
        <translation>Zustellung</translation>
    </message>
    <message>
        <source>not there yet</source>
        <translation>noch nicht dort</translation>
    </message>
    <message>
        <source>there, waits until they accept you</source>
        <translation>dort, wartet, bis sie dich annehmen</translation>
    </message>
    <message>
        <source>no space on their disk</source>
        <translation>kein Platz auf ihrer Platte</translation>
    </message>
    <message>
        <source>delivered</source>
        <translation>zugestellt</translation>
    </message>
    <message>
        <source>read</source>
        <translation>gelesen</translation>
    </message>
    <message>
        <source>holds it sealed until they are back</source>
        <translation>verwahrt sie versiegelt, bis sie zurück sind</translation>
    </message>
    <message>
        <source>says they handed it over</source>
        <translation>sagt, sie sei übergeben</translation>
    </message>
    <message>
        <source>Nobody has it yet. It goes out by itself as soon as they can be reached.</source>
        <translation>Noch niemand hat sie. Sie geht von selbst hinaus, sobald jemand erreichbar ist.</translation>
    </message>
</context>
<context>
    <name>DoctorWindow</name>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>The report of the doctor</source>
        <translation>Der Bericht des Doktors</translation>
    </message>
    <message>
        <source>Looking; this takes up to five seconds …</source>
        <translation>Sieht nach; das dauert bis zu fünf Sekunden …</translation>
    </message>
    <message>
        <source>1 thing to look at</source>
        <translation>1 Sache zum Nachsehen</translation>
    </message>
    <message>
        <source>{n} things to look at</source>
        <translation>{n} Sachen zum Nachsehen</translation>
    </message>
    <message>
        <source>All is well.</source>
        <translation>Alles in Ordnung.</translation>
    </message>
</context>
<context>
    <name>Document</name>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>held by {names}</source>
        <translation>verwahrt von {names}</translation>
    </message>
    <message>
        <source>read by {count}</source>
        <translation>gelesen von {count}</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>waiting: not accepted yet</source>
        <translation>wartet: noch nicht angenommen</translation>
    </message>
    <message>
        <source>waiting: no space on their disk</source>
        <translation>wartet: kein Platz auf ihrer Platte</translation>
    </message>
    <message>
        <source>delivered</source>
        <translation>zugestellt</translation>
    </message>
    <message>
        <source>read</source>
        <translation>gelesen</translation>
    </message>
    <message>
        <source>took the topic away</source>
        <translation>hat das Thema entfernt</translation>
    </message>
    <message>
        <source>set the topic: {topic}</source>
        <translation>hat das Thema gesetzt: {topic}</translation>
    </message>
    <message>
        <source>deleted</source>
        <translation>gelöscht</translation>
    </message>
    <message>
        <source>You</source>
        <translation>Du</translation>
    </message>
    <message>
        <source>edited</source>
        <translation>bearbeitet</translation>
    </message>
    <message>
        <source>an answer to something that is not here</source>
        <translation>eine Antwort auf etwas, das nicht hier ist</translation>
    </message>
    <message>
        <source>(nothing to show)</source>
        <translation>(nichts zu zeigen)</translation>
    </message>
</context>
<context>
    <name>EmojiPicker</name>
    <message>
        <source>Search emoji</source>
        <extracomment>Emoji that are shown as such without a variation selector (Unicode, emoji-data, Emoji_Presentation), in blocks.</extracomment>
        <translation>Emoji suchen</translation>
    </message>
    <message>
        <source>Emoji</source>
        <translation>Emoji</translation>
    </message>
</context>
<context>
    <name>EntryList</name>
    <message>
        <source>People and rooms</source>
        <translation>Leute und Räume</translation>
    </message>
</context>
<context>
    <name>InviteWindow</name>
    <message>
        <source>Invite</source>
        <translation>Einladen</translation>
    </message>
    <message>
        <source>Making an invite …</source>
        <translation>Eine Einladung wird gemacht …</translation>
    </message>
    <message>
        <source>The link as a QR code</source>
        <translation>Der Link als QR-Code</translation>
    </message>
    <message>
        <source>The link</source>
        <translation>Der Link</translation>
    </message>
    <message>
        <source>Copy the link</source>
        <translation>Link kopieren</translation>
    </message>
    <message>
        <source>Give this code to whom you want in the team, and to nobody else:

{code}</source>
        <translation>Gib diesen Code denen, die du im Team haben willst, und niemandem sonst:

{code}</translation>
    </message>
</context>
<context>
    <name>KeysWindow</name>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Go to a conversation</source>
        <translation>Zu einem Gespräch gehen</translation>
    </message>
    <message>
        <source>Go to what is unread</source>
        <translation>Zum Ungelesenen gehen</translation>
    </message>
    <message>
        <source>The conversation above, below</source>
        <translation>Das Gespräch darüber, darunter</translation>
    </message>
    <message>
        <source>Find a person or room</source>
        <translation>Person oder Raum finden</translation>
    </message>
    <message>
        <source>Search all messages</source>
        <translation>Alle Nachrichten durchsuchen</translation>
    </message>
    <message>
        <source>Create or join a team</source>
        <translation>Team gründen oder beitreten</translation>
    </message>
    <message>
        <source>Details of the conversation</source>
        <translation>Einzelheiten des Gesprächs</translation>
    </message>
    <message>
        <source>Send; break the line</source>
        <translation>Senden; neue Zeile</translation>
    </message>
    <message>
        <source>Mention somebody</source>
        <translation>Jemanden erwähnen</translation>
    </message>
    <message>
        <source>Edit your last message, where nothing is written</source>
        <translation>Letzte Nachricht bearbeiten, wo nichts geschrieben steht</translation>
    </message>
    <message>
        <source>Neither answer nor edit</source>
        <translation>Weder antworten noch bearbeiten</translation>
    </message>
    <message>
        <source>Menu key</source>
        <translation>Menütaste</translation>
    </message>
    <message>
        <source>What can be done with a message</source>
        <translation>Was sich mit einer Nachricht tun lässt</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Close the window; quit</source>
        <translation>Fenster schließen; beenden</translation>
    </message>
</context>
<context>
    <name>MessageList</name>
    <message>
        <source>Messages</source>
        <extracomment>Pixels from the top at which older messages are asked for. What the menu offers for a reaction at once. What to do (reply, edit, delete, react, story) with which message, and for a reaction with which emoji.</extracomment>
        <translation>Nachrichten</translation>
    </message>
    <message>
        <source>Reply</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Delivery</source>
        <translation>Zustellung</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
</context>
<context>
    <name>Notes</name>
    <message>
        <source>I have read this</source>
        <translation>Gelesen</translation>
    </message>
</context>
<context>
    <name>Office</name>
    <message>
        <source>Requests</source>
        <extracomment>What other events than those of people and typing may have changed.</extracomment>
        <translation>Anfragen</translation>
    </message>
    <message>
        <source>Rooms</source>
        <translation>Räume</translation>
    </message>
    <message>
        <source>People</source>
        <translation>Leute</translation>
    </message>
    <message>
        <source>wants to write to you</source>
        <translation>möchte dir schreiben</translation>
    </message>
    <message>
        <source>archived</source>
        <translation>archiviert</translation>
    </message>
    <message>
        <source>you are no member any more</source>
        <translation>du bist nicht mehr Mitglied</translation>
    </message>
    <message>
        <source>damaged: see team log</source>
        <translation>beschädigt: siehe team log</translation>
    </message>
    <message>
        <source>connecting …</source>
        <translation>verbindet …</translation>
    </message>
    <message>
        <source>no answer: off, or a firewall?</source>
        <translation>keine Antwort: aus, oder eine Firewall?</translation>
    </message>
    <message>
        <source>not met yet</source>
        <translation>noch nie getroffen</translation>
    </message>
    <message>
        <source>{presence}, through {name}</source>
        <translation>{presence}, über {name}</translation>
    </message>
</context>
<context>
    <name>Page</name>
    <message>
        <source>{name}: Enter keeps it</source>
        <translation>{name}: Eingabe behält es</translation>
    </message>
</context>
<context>
    <name>Pane</name>
    <message>
        <source>Details (Ctrl+I)</source>
        <extracomment>Milliseconds: somebody types until then; and how often others are told that one types. The details of the conversation are wanted, or not. The delivery story of a message is wanted.</extracomment>
        <translation>Einzelheiten (Strg+I)</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>1 member</source>
        <translation>1 Mitglied</translation>
    </message>
    <message>
        <source>{n} members</source>
        <translation>{n} Mitglieder</translation>
    </message>
    <message>
        <source>You have blocked them.</source>
        <translation>Du hast sie blockiert.</translation>
    </message>
    <message>
        <source>Only people you have verified may be written to: {source}</source>
        <translation>Nur wen du geprüft hast, dem darfst du schreiben: {source}</translation>
    </message>
    <message>
        <source>This room is archived.</source>
        <translation>Dieser Raum ist archiviert.</translation>
    </message>
    <message>
        <source>You are no member of this room any more.</source>
        <translation>Du bist nicht mehr Mitglied dieses Raums.</translation>
    </message>
    <message>
        <source>{name} is typing …</source>
        <translation>{name} schreibt …</translation>
    </message>
</context>
<context>
    <name>People</name>
    <message>
        <source>verified</source>
        <extracomment>What stands beside a name: how sure it is who that is.</extracomment>
        <translation>geprüft</translation>
    </message>
    <message>
        <source>in a team with you</source>
        <translation>in einem Team mit dir</translation>
    </message>
    <message>
        <source>not verified</source>
        <translation>nicht geprüft</translation>
    </message>
    <message>
        <source>not verified, not accepted</source>
        <translation>nicht geprüft, nicht angenommen</translation>
    </message>
    <message>
        <source>not verified; the name looks like another&apos;s</source>
        <translation>nicht geprüft; der Name sieht aus wie ein anderer</translation>
    </message>
    <message>
        <source>{n} unread</source>
        <translation>{n} ungelesen</translation>
    </message>
    <message>
        <source>{n} mention you</source>
        <translation>{n} erwähnen dich</translation>
    </message>
    <message>
        <source>muted</source>
        <translation>stumm</translation>
    </message>
</context>
<context>
    <name>PreferencesWindow</name>
    <message>
        <source>Settings</source>
        <extracomment>Points added to the font of the desktop.</extracomment>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Start at login, hidden</source>
        <translation>Bei der Anmeldung starten, versteckt</translation>
    </message>
    <message>
        <source>Show notifications</source>
        <translation>Benachrichtigungen zeigen</translation>
    </message>
    <message>
        <source>With a sound</source>
        <translation>Mit einem Ton</translation>
    </message>
    <message>
        <source>Say neither who wrote nor what</source>
        <translation>Weder sagen, wer, noch was</translation>
    </message>
    <message>
        <source>Quiet hours</source>
        <translation>Ruhezeiten</translation>
    </message>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>never</source>
        <translation>nie</translation>
    </message>
    <message>
        <source> minutes without a key</source>
        <translation> Minuten ohne Taste</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>Font size</source>
        <translation>Schriftgröße</translation>
    </message>
    <message>
        <source>Away after</source>
        <translation>Abwesend nach</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>Benachrichtigungen</translation>
    </message>
    <message>
        <source>Each conversation can be muted in its details.</source>
        <translation>Jedes Gespräch lässt sich in seinen Einzelheiten stummschalten.</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>Privatsphäre</translation>
    </message>
    <message>
        <source>Rules</source>
        <translation>Regeln</translation>
    </message>
    <message>
        <source>About</source>
        <translation>Über</translation>
    </message>
    <message>
        <source>p2pim {version}, MIT licence.

Built with Python, Qt for Python (LGPL-3.0), cryptography, zeroconf, noiseprotocol, msgspec and others; their licences come with their packages.</source>
        <translation>p2pim {version}, MIT-Lizenz.

Gebaut mit Python, Qt for Python (LGPL-3.0), cryptography, zeroconf, noiseprotocol, msgspec und anderen; ihre Lizenzen liegen ihren Paketen bei.</translation>
    </message>
    <message>
        <source>No policy is in force on this machine or in your teams.</source>
        <translation>Auf diesem Rechner und in deinen Teams gilt keine Regel.</translation>
    </message>
    <message>
        <source>Start at login could not be changed: {why}</source>
        <translation>Der Start bei der Anmeldung ließ sich nicht ändern: {why}</translation>
    </message>
</context>
<context>
    <name>Presence</name>
    <message>
        <source>online</source>
        <translation>online</translation>
    </message>
    <message>
        <source>away</source>
        <translation>abwesend</translation>
    </message>
    <message>
        <source>busy</source>
        <translation>beschäftigt</translation>
    </message>
    <message>
        <source>invisible</source>
        <translation>unsichtbar</translation>
    </message>
    <message>
        <source>offline</source>
        <translation>offline</translation>
    </message>
</context>
<context>
    <name>PrivacyPage</name>
    <message>
        <source>Everybody on this network may see me and write to me</source>
        <translation>Alle in diesem Netzwerk dürfen mich sehen und mir schreiben</translation>
    </message>
    <message>
        <source>Tell others which of their messages I have read</source>
        <translation>Anderen sagen, welche ihrer Nachrichten ich gelesen habe</translation>
    </message>
    <message>
        <source>Hold sealed messages for colleagues who are away</source>
        <translation>Versiegelte Nachrichten für Kollegen verwahren, die weg sind</translation>
    </message>
    <message>
        <source>Look for colleagues at every address of a VPN, once a day</source>
        <translation>Kollegen an jeder Adresse eines VPN suchen, einmal am Tag</translation>
    </message>
    <message>
        <source>Ask the machines that Tailscale knows</source>
        <translation>Die Rechner fragen, die Tailscale kennt</translation>
    </message>
    <message>
        <source>to everybody</source>
        <translation>allen</translation>
    </message>
    <message>
        <source>to my teams</source>
        <translation>meinen Teams</translation>
    </message>
    <message>
        <source>to nobody</source>
        <translation>niemandem</translation>
    </message>
    <message>
        <source>Announce me</source>
        <translation>Mich ankündigen</translation>
    </message>
    <message>
        <source>p2pim starts anew in the background when one of these is changed.</source>
        <translation>p2pim startet im Hintergrund neu, wenn sich davon etwas ändert.</translation>
    </message>
    <message>
        <source>Not allowed here: {source}</source>
        <translation>Hier nicht erlaubt: {source}</translation>
    </message>
</context>
<context>
    <name>RoomPage</name>
    <message>
        <source>Everybody on this network reads this, for a week. It is not private.</source>
        <extracomment>The team into which somebody is to be invited. The team in which a room is to be founded.</extracomment>
        <translation>Alle in diesem Netzwerk lesen dies, eine Woche lang. Es ist nicht vertraulich.</translation>
    </message>
    <message>
        <source>You are {role} here.</source>
        <translation>Du bist hier {role}.</translation>
    </message>
    <message>
        <source>Members</source>
        <translation>Mitglieder</translation>
    </message>
    <message>
        <source>What it is about</source>
        <translation>Worum es geht</translation>
    </message>
    <message>
        <source>Name of the team</source>
        <translation>Name des Teams</translation>
    </message>
    <message>
        <source>Invite …</source>
        <translation>Einladen …</translation>
    </message>
    <message>
        <source>New room …</source>
        <translation>Neuer Raum …</translation>
    </message>
    <message>
        <source>you</source>
        <translation>du</translation>
    </message>
    <message>
        <source>What can be done with {name}</source>
        <translation>Was sich mit {name} tun lässt</translation>
    </message>
    <message>
        <source>Make an ordinary member</source>
        <translation>Zum gewöhnlichen Mitglied machen</translation>
    </message>
    <message>
        <source>Make an admin</source>
        <translation>Zum Admin machen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Really leave? Only an invite brings you back.</source>
        <translation>Wirklich verlassen? Nur eine Einladung bringt dich zurück.</translation>
    </message>
    <message>
        <source>Leave</source>
        <translation>Verlassen</translation>
    </message>
    <message>
        <source>Open it again</source>
        <translation>Wieder öffnen</translation>
    </message>
    <message>
        <source>Archive: nothing more is written here</source>
        <translation>Archivieren: Hier wird nichts mehr geschrieben</translation>
    </message>
</context>
<context>
    <name>RoomWindow</name>
    <message>
        <source>New room</source>
        <translation>Neuer Raum</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Private: only those chosen here read it</source>
        <translation>Privat: Nur die hier Gewählten lesen ihn</translation>
    </message>
    <message>
        <source>Members</source>
        <translation>Mitglieder</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Gründen</translation>
    </message>
</context>
<context>
    <name>SearchWindow</name>
    <message>
        <source>Search</source>
        <translation>Suche</translation>
    </message>
    <message>
        <source>Words, or parts of words</source>
        <translation>Wörter oder Teile von Wörtern</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>Wo</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>Überall</translation>
    </message>
    <message>
        <source>By whom</source>
        <translation>Von wem</translation>
    </message>
    <message>
        <source>By anybody</source>
        <translation>Von allen</translation>
    </message>
    <message>
        <source>By me</source>
        <translation>Von mir</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>At any time</source>
        <translation>Jederzeit</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>In the last 7 days</source>
        <translation>In den letzten 7 Tagen</translation>
    </message>
    <message>
        <source>In the last 30 days</source>
        <translation>In den letzten 30 Tagen</translation>
    </message>
    <message>
        <source>In the last year</source>
        <translation>Im letzten Jahr</translation>
    </message>
    <message>
        <source>You</source>
        <translation>Du</translation>
    </message>
    <message>
        <source>1 message found</source>
        <translation>1 Nachricht gefunden</translation>
    </message>
    <message>
        <source>{n} messages found</source>
        <translation>{n} Nachrichten gefunden</translation>
    </message>
    <message>
        <source>; there are more: add a word</source>
        <translation>; es gibt mehr: nimm ein Wort dazu</translation>
    </message>
</context>
<context>
    <name>StatusWindow</name>
    <message>
        <source>Your status</source>
        <translation>Dein Status</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>Online</translation>
    </message>
    <message>
        <source>Away</source>
        <translation>Abwesend</translation>
    </message>
    <message>
        <source>Busy: do not disturb</source>
        <translation>Beschäftigt: nicht stören</translation>
    </message>
    <message>
        <source>Invisible</source>
        <translation>Unsichtbar</translation>
    </message>
    <message>
        <source>What are you up to?</source>
        <translation>Was machst du gerade?</translation>
    </message>
    <message>
        <source>until I change it</source>
        <translation>bis ich es ändere</translation>
    </message>
    <message>
        <source>for 30 minutes</source>
        <translation>für 30 Minuten</translation>
    </message>
    <message>
        <source>for 1 hour</source>
        <translation>für 1 Stunde</translation>
    </message>
    <message>
        <source>for today</source>
        <translation>für heute</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>Dein Name</translation>
    </message>
    <message>
        <source>Presence</source>
        <translation>Anwesenheit</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>How long</source>
        <translation>Wie lange</translation>
    </message>
</context>
<context>
    <name>Switcher</name>
    <message>
        <source>Go to</source>
        <translation>Gehe zu</translation>
    </message>
    <message>
        <source>A person or room</source>
        <translation>Eine Person oder ein Raum</translation>
    </message>
</context>
<context>
    <name>TeamWindow</name>
    <message>
        <source>Welcome to p2pim</source>
        <translation>Willkommen bei p2pim</translation>
    </message>
    <message>
        <source>Teams and addresses</source>
        <translation>Teams und Adressen</translation>
    </message>
    <message>
        <source>Colleagues on the same network appear by themselves. What should they call you?</source>
        <translation>Kollegen im selben Netzwerk erscheinen von selbst. Wie sollen sie dich nennen?</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>Dein Name</translation>
    </message>
    <message>
        <source>Go</source>
        <translation>Los</translation>
    </message>
    <message>
        <source>Join a team: I have a code or link</source>
        <translation>Einem Team beitreten: Ich habe einen Code oder Link</translation>
    </message>
    <message>
        <source>Create a team</source>
        <translation>Ein Team gründen</translation>
    </message>
    <message>
        <source>Just the people on this network</source>
        <translation>Nur die Leute in diesem Netzwerk</translation>
    </message>
    <message>
        <source>Try an address: a colleague told me theirs</source>
        <translation>Eine Adresse versuchen: Eine Kollegin hat mir ihre gesagt</translation>
    </message>
    <message>
        <source>The code or link</source>
        <translation>Der Code oder Link</translation>
    </message>
    <message>
        <source>The name of the team</source>
        <translation>Der Name des Teams</translation>
    </message>
    <message>
        <source>Address, as 10.0.0.5 or host:26747</source>
        <translation>Adresse, etwa 10.0.0.5 oder host:26747</translation>
    </message>
    <message>
        <source>Looking for the team …</source>
        <translation>Das Team wird gesucht …</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>{n} unread</source>
        <extracomment>The bubble. Milliseconds between two looks for a tray: the desktop&apos;s may start after us, or be restarted. Whether there is a tray now.</extracomment>
        <translation>{n} ungelesen</translation>
    </message>
    <message>
        <source>Open p2pim</source>
        <translation>p2pim öffnen</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>Online</translation>
    </message>
    <message>
        <source>Away</source>
        <translation>Abwesend</translation>
    </message>
    <message>
        <source>Do not disturb</source>
        <translation>Nicht stören</translation>
    </message>
    <message>
        <source>Invisible</source>
        <translation>Unsichtbar</translation>
    </message>
    <message>
        <source>Do not disturb for 1 hour</source>
        <translation>1 Stunde nicht stören</translation>
    </message>
    <message>
        <source>Network …</source>
        <translation>Netzwerk …</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
</context>
<context>
    <name>UnlockWindow</name>
    <message>
        <source>Locked</source>
        <translation>Gesperrt</translation>
    </message>
    <message>
        <source>Your identity is protected by a passphrase.</source>
        <translation>Deine Identität ist durch eine Passphrase geschützt.</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>Passphrase</translation>
    </message>
    <message>
        <source>Opening …</source>
        <translation>Wird geöffnet …</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>Your status</source>
        <extracomment>Milliseconds that a sentence about what went wrong is shown. The user closed it: it goes on in the tray, or in the task bar where there is none.</extracomment>
        <translation>Dein Status</translation>
    </message>
    <message>
        <source>Search all messages (Ctrl+Shift+F)</source>
        <translation>Alle Nachrichten durchsuchen (Strg+Umschalt+F)</translation>
    </message>
    <message>
        <source>Create or join a team, add an address</source>
        <translation>Team gründen oder beitreten, Adresse hinzufügen</translation>
    </message>
    <message>
        <source>Settings (Ctrl+,)</source>
        <translation>Einstellungen (Strg+,)</translation>
    </message>
    <message>
        <source>Find a person or room</source>
        <translation>Person oder Raum finden</translation>
    </message>
    <message>
        <source>What hinders? Run the doctor</source>
        <translation>Was hindert? Den Doktor fragen</translation>
    </message>
    <message>
        <source>Choose somebody at the left, or press Ctrl+K.</source>
        <translation>Wähle links jemanden, oder drücke Strg+K.</translation>
    </message>
    <message>
        <source>You are {name}, {state}</source>
        <translation>Du bist {name}, {state}</translation>
    </message>
    <message>
        <source>The disk is full: nothing new can be kept. Free some space.</source>
        <translation>Die Platte ist voll: Nichts Neues lässt sich behalten. Schaff etwas Platz.</translation>
    </message>
    <message>
        <source>p2pim is not running; trying to start it.</source>
        <translation>p2pim läuft nicht; es wird versucht, es zu starten.</translation>
    </message>
</context>
<context>
    <name>_Finder</name>
    <message>
        <source>Found</source>
        <extracomment>Milliseconds after the last key before what was typed is looked for. Since how many days ago one may search; None: ever since. How long a status may last, in minutes; None: until it is changed, -1: until midnight.</extracomment>
        <translation>Gefunden</translation>
    </message>
</context>
<context>
    <name>_Request</name>
    <message>
        <source>Accept</source>
        <extracomment>The method of the API that answers, and about whom.</extracomment>
        <translation>Annehmen</translation>
    </message>
    <message>
        <source>Decline</source>
        <translation>Ablehnen</translation>
    </message>
    <message>
        <source>Block</source>
        <translation>Blockieren</translation>
    </message>
    <message>
        <source>Unblock</source>
        <translation>Nicht mehr blockieren</translation>
    </message>
    <message>
        <source>You have blocked them: nothing comes in or goes out.</source>
        <translation>Du hast sie blockiert: Nichts kommt herein oder geht hinaus.</translation>
    </message>
    <message>
        <source>Somebody you do not know wants to write to you. Until you accept, nothing more comes in.</source>
        <translation>Jemand, den du nicht kennst, möchte dir schreiben. Bis du annimmst, kommt nicht mehr herein.</translation>
    </message>
    <message>
        <source>Careful: this name looks like that of {name}, but it is somebody else.</source>
        <translation>Vorsicht: Dieser Name sieht aus wie der von {name}, es ist aber jemand anderes.</translation>
    </message>
</context>
<context>
    <name>self.window</name>
    <message>
        <source>There is no tray here: p2pim waits in the task bar. Quit it with Ctrl+Q.</source>
        <extracomment>Milliseconds between two looks at whether the user is there.</extracomment>
        <translation>Hier gibt es keinen Infobereich: p2pim wartet in der Taskleiste. Beenden mit Strg+Q.</translation>
    </message>
    <message>
        <source>This desktop shows no notifications ({why}); the icon still counts.</source>
        <translation>Dieser Desktop zeigt keine Benachrichtigungen ({why}); das Symbol zählt trotzdem.</translation>
    </message>
    <message>
        <source>No font has emoji in colour: on Debian, apt install fonts-noto-color-emoji</source>
        <translation>Keine Schrift hat farbige Emoji: unter Debian apt install fonts-noto-color-emoji</translation>
    </message>
</context>
</TS>
