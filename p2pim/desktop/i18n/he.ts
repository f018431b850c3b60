<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="he" sourcelanguage="en">
<context>
    <name>Attention</name>
    <message>
        <source>A new message</source>
        <extracomment>Say neither who wrote nor what.</extracomment>
        <translation>הודעה חדשה</translation>
    </message>
</context>
<context>
    <name>Bubbles</name>
    <message>
        <source>New messages</source>
        <extracomment>Documents kept: some screens full. Above a bubble of the same group, and of another. A bubble takes at most this much of the width, and never more than this. A message by its identity in memory, the width, what stands above, the direction of writing.</extracomment>
        <translation>הודעות חדשות</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Do not answer or edit</source>
        <extracomment>The beginning of a mention, right before the cursor. A draft that is to be sent.</extracomment>
        <translation>לא להשיב ולא לערוך</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>הודעה</translation>
    </message>
    <message>
        <source>Emoji</source>
        <translation>אמוג׳י</translation>
    </message>
    <message>
        <source>Send (Enter)</source>
        <translation>שליחה (Enter)</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>שליחה</translation>
    </message>
    <message>
        <source>Write a message</source>
        <translation>כתיבת הודעה</translation>
    </message>
    <message>
        <source>Editing</source>
        <translation>עריכה</translation>
    </message>
    <message>
        <source>Answer to {name}</source>
        <translation>תשובה אל {name}</translation>
    </message>
</context>
<context>
    <name>Details</name>
    <message>
        <source>never</source>
        <translation>אף פעם</translation>
    </message>
    <message>
        <source>Close the details</source>
        <extracomment>A room in which somebody is to be invited. A team in which a room is to be founded.</extracomment>
        <translation>סגירת הפרטים</translation>
    </message>
    <message>
        <source>calls themselves {name}</source>
        <translation>קוראים לעצמם {name}</translation>
    </message>
    <message>
        <source>Your own name for them</source>
        <translation>השם שלך עבורם</translation>
    </message>
    <message>
        <source>connected at {address}</source>
        <translation>מחובר בכתובת {address}</translation>
    </message>
    <message>
        <source>last seen {when}</source>
        <translation>נראו לאחרונה {when}</translation>
    </message>
    <message>
        <source>Is it really them?</source>
        <translation>האם אלה באמת הם?</translation>
    </message>
    <message>
        <source>Verified: you compared the safety numbers.</source>
        <translation>מאומת: השוויתם את מספרי הבטיחות.</translation>
    </message>
    <message>
        <source>In a team with you: an admin vouched for this key. Not verified by you.</source>
        <translation>בצוות איתך: מנהל ערב למפתח הזה. לא אומת על ידך.</translation>
    </message>
    <message>
        <source>Not verified. You accepted this key.</source>
        <translation>לא מאומת. אישרת את המפתח הזה.</translation>
    </message>
    <message>
        <source>Not verified, and not accepted yet.</source>
        <translation>לא מאומת ועדיין לא אושר.</translation>
    </message>
    <message>
        <source>The name looks like that of {name}, who is somebody else.</source>
        <translation>השם דומה לזה של {name}, אבל זה מישהו אחר.</translation>
    </message>
    <message>
        <source>Safety number</source>
        <translation>מספר בטיחות</translation>
    </message>
    <message>
        <source>The safety number as a QR code</source>
        <translation>מספר הבטיחות כקוד QR</translation>
    </message>
    <message>
        <source>Read these digits to each other, by voice or side by side.</source>
        <translation>הקריאו את הספרות זה לזה, בטלפון או זה ליד זה.</translation>
    </message>
    <message>
        <source>Compared: they are equal</source>
        <translation>הושוו: הם שווים</translation>
    </message>
    <message>
        <source>Block</source>
        <translation>חסימה</translation>
    </message>
    <message>
        <source>Unblock</source>
        <translation>ביטול החסימה</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>התראות</translation>
    </message>
    <message>
        <source>All messages</source>
        <translation>כל ההודעות</translation>
    </message>
    <message>
        <source>Only mentions of me</source>
        <translation>רק כשמזכירים אותי</translation>
    </message>
    <message>
        <source>None (muted)</source>
        <translation>אין (מושתק)</translation>
    </message>
    <message>
        <source>Delivery</source>
        <translation>מסירה</translation>
    </message>
    <message>
        <source>not there yet</source>
        <translation>עדיין לא שם</translation>
    </message>
    <message>
        <source>there, waits until they accept you</source>
        <translation>שם, ממתינה עד שיאשרו אותך</translation>
    </message>
    <message>
        <source>no space on their disk</source>
        <translation>אין מקום בדיסק שלהם</translation>
    </message>
    <message>
        <source>delivered</source>
        <translation>נמסרה</translation>
    </message>
    <message>
        <source>read</source>
        <translation>נקראה</translation>
    </message>
    <message>
        <source>holds it sealed until they are back</source>
        <translation>שומר אותה חתומה עד שיחזרו</translation>
    </message>
    <message>
        <source>says they handed it over</source>
        <translation>אומר שמסר אותה</translation>
    </message>
    <message>
        <source>Nobody has it yet. It goes out by itself as soon as they can be reached.</source>
        <translation>עדיין אין אותה לאיש. היא תצא מעצמה ברגע שיהיה אפשר להגיע אליהם.</translation>
    </message>
</context>
<context>
    <name>DoctorWindow</name>
    <message>
        <source>Network</source>
        <translation>רשת</translation>
    </message>
    <message>
        <source>The report of the doctor</source>
        <translation>דוח הבדיקה</translation>
    </message>
    <message>
        <source>Looking; this takes up to five seconds …</source>
        <translation>בודק; זה נמשך עד חמש שניות …</translation>
    </message>
    <message>
        <source>1 thing to look at</source>
        <translation>דבר אחד לבדיקה</translation>
    </message>
    <message>
        <source>{n} things to look at</source>
        <translation>{n} דברים לבדיקה</translation>
    </message>
    <message>
        <source>All is well.</source>
        <translation>הכול תקין.</translation>
    </message>
</context>
<context>
    <name>Document</name>
    <message>
        <source>Today</source>
        <translation>היום</translation>
    </message>
    <message>
        <source>held by {names}</source>
        <translation>נשמרת אצל {names}</translation>
    </message>
    <message>
        <source>read by {count}</source>
        <translation>נקראה על ידי {count}</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>ממתינה</translation>
    </message>
    <message>
        <source>waiting: not accepted yet</source>
        <translation>ממתינה: עדיין לא אושרת</translation>
    </message>
    <message>
        <source>waiting: no space on their disk</source>
        <translation>ממתינה: אין מקום בדיסק שלהם</translation>
    </message>
    <message>
        <source>delivered</source>
        <translation>נמסרה</translation>
    </message>
    <message>
        <source>read</source>
        <translation>נקראה</translation>
    </message>
    <message>
        <source>took the topic away</source>
        <translation>הסיר את הנושא</translation>
    </message>
    <message>
        <source>set the topic: {topic}</source>
        <translation>קבע את הנושא: {topic}</translation>
    </message>
    <message>
        <source>deleted</source>
        <translation>נמחקה</translation>
    </message>
    <message>
        <source>You</source>
        <translation>את/ה</translation>
    </message>
    <message>
        <source>edited</source>
        <translation>נערכה</translation>
    </message>
    <message>
        <source>an answer to something that is not here</source>
        <translation>תשובה למשהו שאינו כאן</translation>
    </message>
    <message>
        <source>(nothing to show)</source>
        <translation>(אין מה להציג)</translation>
    </message>
</context>
<context>
    <name>EmojiPicker</name>
    <message>
        <source>Search emoji</source>
        <extracomment>Emoji that are shown as such without a variation selector (Unicode, emoji-data, Emoji_Presentation), in blocks.</extracomment>
        <translation>חיפוש אמוג׳י</translation>
    </message>
    <message>
        <source>Emoji</source>
        <translation>אמוג׳י</translation>
    </message>
</context>
<context>
    <name>EntryList</name>
    <message>
        <source>People and rooms</source>
        <translation>אנשים וחדרים</translation>
    </message>
</context>
<context>
    <name>InviteWindow</name>
    <message>
        <source>Invite</source>
        <translation>הזמנה</translation>
    </message>
    <message>
        <source>Making an invite …</source>
        <translation>מכין הזמנה …</translation>
    </message>
    <message>
        <source>The link as a QR code</source>
        <translation>הקישור כקוד QR</translation>
    </message>
    <message>
        <source>The link</source>
        <translation>הקישור</translation>
    </message>
    <message>
        <source>Copy the link</source>
        <translation>העתקת הקישור</translation>
    </message>
    <message>
        <source>Give this code to whom you want in the team, and to nobody else:

{code}</source>
        <translation>תנו את הקוד הזה למי שאתם רוצים בצוות, ולאף אחד אחר:

{code}</translation>
    </message>
</context>
<context>
    <name>KeysWindow</name>
    <message>
        <source>Keys</source>
        <translation>מקשים</translation>
    </message>
    <message>
        <source>Go to a conversation</source>
        <translation>מעבר לשיחה</translation>
    </message>
    <message>
        <source>Go to what is unread</source>
        <translation>מעבר למה שלא נקרא</translation>
    </message>
    <message>
        <source>The conversation above, below</source>
        <translation>השיחה שמעל, שמתחת</translation>
    </message>
    <message>
        <source>Find a person or room</source>
        <translation>חיפוש אדם או חדר</translation>
    </message>
    <message>
        <source>Search all messages</source>
        <translation>חיפוש בכל ההודעות</translation>
    </message>
    <message>
        <source>Create or join a team</source>
        <translation>יצירת צוות או הצטרפות</translation>
    </message>
    <message>
        <source>Details of the conversation</source>
        <translation>פרטי השיחה</translation>
    </message>
    <message>
        <source>Send; break the line</source>
        <translation>שליחה; שורה חדשה</translation>
    </message>
    <message>
        <source>Mention somebody</source>
        <translation>אזכור מישהו</translation>
    </message>
    <message>
        <source>Edit your last message, where nothing is written</source>
        <translation>עריכת ההודעה האחרונה, כשלא כתוב דבר</translation>
    </message>
    <message>
        <source>Neither answer nor edit</source>
        <translation>לא להשיב ולא לערוך</translation>
    </message>
    <message>
        <source>Menu key</source>
        <translation>מקש התפריט</translation>
    </message>
    <message>
        <source>What can be done with a message</source>
        <translation>מה אפשר לעשות עם הודעה</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>הגדרות</translation>
    </message>
    <message>
        <source>Close the window; quit</source>
        <translation>סגירת החלון; יציאה</translation>
    </message>
</context>
<context>
    <name>MessageList</name>
    <message>
        <source>Messages</source>
        <extracomment>Pixels from the top at which older messages are asked for. What the menu offers for a reaction at once. What to do (reply, edit, delete, react, story) with which message, and for a reaction with which emoji.</extracomment>
        <translation>הודעות</translation>
    </message>
    <message>
        <source>Reply</source>
        <translation>תשובה</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>עריכה</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>העתקה</translation>
    </message>
    <message>
        <source>Delivery</source>
        <translation>מסירה</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>מחיקה</translation>
    </message>
</context>
<context>
    <name>Notes</name>
    <message>
        <source>I have read this</source>
        <translation>קראתי</translation>
    </message>
</context>
<context>
    <name>Office</name>
    <message>
        <source>Requests</source>
        <extracomment>What other events than those of people and typing may have changed.</extracomment>
        <translation>בקשות</translation>
    </message>
    <message>
        <source>Rooms</source>
        <translation>חדרים</translation>
    </message>
    <message>
        <source>People</source>
        <translation>אנשים</translation>
    </message>
    <message>
        <source>wants to write to you</source>
        <translation>רוצה לכתוב לך</translation>
    </message>
    <message>
        <source>archived</source>
        <translation>בארכיון</translation>
    </message>
    <message>
        <source>you are no member any more</source>
        <translation>אינך חבר/ה עוד</translation>
    </message>
    <message>
        <source>damaged: see team log</source>
        <translation>פגום: ראו team log</translation>
    </message>
    <message>
        <source>connecting …</source>
        <translation>מתחבר …</translation>
    </message>
    <message>
        <source>no answer: off, or a firewall?</source>
        <translation>אין תשובה: כבוי, או חומת אש?</translation>
    </message>
    <message>
        <source>not met yet</source>
        <translation>עוד לא נפגשתם</translation>
    </message>
    <message>
        <source>{presence}, through {name}</source>
        <translation>{presence}, דרך {name}</translation>
    </message>
</context>
<context>
    <name>Page</name>
    <message>
        <source>{name}: Enter keeps it</source>
        <translation>{name}: Enter שומר</translation>
    </message>
</context>
<context>
    <name>Pane</name>
    <message>
        <source>Details (Ctrl+I)</source>
        <extracomment>Milliseconds: somebody types until then; and how often others are told that one types. The details of the conversation are wanted, or not. The delivery story of a message is wanted.</extracomment>
        <translation>פרטים (Ctrl+I)</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>פרטים</translation>
    </message>
    <message>
        <source>1 member</source>
        <translation>חבר אחד</translation>
    </message>
    <message>
        <source>{n} members</source>
        <translation>{n} חברים</translation>
    </message>
    <message>
        <source>You have blocked them.</source>
        <translation>חסמת אותם.</translation>
    </message>
    <message>
        <source>Only people you have verified may be written to: {source}</source>
        <translation>מותר לכתוב רק למי שאימתת: {source}</translation>
    </message>
    <message>
        <source>This room is archived.</source>
        <translation>החדר הזה בארכיון.</translation>
    </message>
    <message>
        <source>You are no member of this room any more.</source>
        <translation>אינך חבר/ה עוד בחדר הזה.</translation>
    </message>
    <message>
        <source>{name} is typing …</source>
        <translation>{name} כותב/ת …</translation>
    </message>
</context>
<context>
    <name>People</name>
    <message>
        <source>verified</source>
        <extracomment>What stands beside a name: how sure it is who that is.</extracomment>
        <translation>מאומת</translation>
    </message>
    <message>
        <source>in a team with you</source>
        <translation>בצוות איתך</translation>
    </message>
    <message>
        <source>not verified</source>
        <translation>לא מאומת</translation>
    </message>
    <message>
        <source>not verified, not accepted</source>
        <translation>לא מאומת, לא אושר</translation>
    </message>
    <message>
        <source>not verified; the name looks like another&apos;s</source>
        <translation>לא מאומת; השם דומה לשם אחר</translation>
    </message>
    <message>
        <source>{n} unread</source>
        <translation>{n} לא נקראו</translation>
    </message>
    <message>
        <source>{n} mention you</source>
        <translation>{n} מזכירות אותך</translation>
    </message>
    <message>
        <source>muted</source>
        <translation>מושתק</translation>
    </message>
</context>
<context>
    <name>PreferencesWindow</name>
    <message>
        <source>Settings</source>
        <extracomment>Points added to the font of the desktop.</extracomment>
        <translation>הגדרות</translation>
    </message>
    <message>
        <source>Start at login, hidden</source>
        <translation>הפעלה בכניסה, מוסתר</translation>
    </message>
    <message>
        <source>Show notifications</source>
        <translation>הצגת התראות</translation>
    </message>
    <message>
        <source>With a sound</source>
        <translation>עם צליל</translation>
    </message>
    <message>
        <source>Say neither who wrote nor what</source>
        <translation>בלי לומר מי כתב ומה</translation>
    </message>
    <message>
        <source>Quiet hours</source>
        <translation>שעות שקטות</translation>
    </message>
    <message>
        <source>General</source>
        <translation>כללי</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>כמו המערכת</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>בהיר</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>כהה</translation>
    </message>
    <message>
        <source>never</source>
        <translation>אף פעם</translation>
    </message>
    <message>
        <source> minutes without a key</source>
        <translation> דקות ללא מקש</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>מראה</translation>
    </message>
    <message>
        <source>Font size</source>
        <translation>גודל גופן</translation>
    </message>
    <message>
        <source>Away after</source>
        <translation>לא נמצא אחרי</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>התראות</translation>
    </message>
    <message>
        <source>Each conversation can be muted in its details.</source>
        <translation>אפשר להשתיק כל שיחה בפרטים שלה.</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>פרטיות</translation>
    </message>
    <message>
        <source>Rules</source>
        <translation>כללים</translation>
    </message>
    <message>
        <source>About</source>
        <translation>אודות</translation>
    </message>
    <message>
        <source>p2pim {version}, MIT licence.

Built with Python, Qt for Python (LGPL-3.0), cryptography, zeroconf, noiseprotocol, msgspec and others; their licences come with their packages.</source>
        <translation>p2pim {version}, רישיון MIT.

נבנה עם Python, Qt for Python (LGPL-3.0), cryptography, zeroconf, noiseprotocol, msgspec ואחרים; הרישיונות שלהם מצורפים לחבילות.</translation>
    </message>
    <message>
        <source>No policy is in force on this machine or in your teams.</source>
        <translation>אין כללים בתוקף במחשב הזה או בצוותים שלך.</translation>
    </message>
    <message>
        <source>Start at login could not be changed: {why}</source>
        <translation>לא ניתן לשנות את ההפעלה בכניסה: {why}</translation>
    </message>
</context>
<context>
    <name>Presence</name>
    <message>
        <source>online</source>
        <translation>מחובר</translation>
    </message>
    <message>
        <source>away</source>
        <translation>לא נמצא</translation>
    </message>
    <message>
        <source>busy</source>
        <translation>עסוק</translation>
    </message>
    <message>
        <source>invisible</source>
        <translation>בלתי נראה</translation>
    </message>
    <message>
        <source>offline</source>
        <translation>מנותק</translation>
    </message>
</context>
<context>
    <name>PrivacyPage</name>
    <message>
        <source>Everybody on this network may see me and write to me</source>
        <translation>כל מי שברשת הזאת רשאי לראות אותי ולכתוב לי</translation>
    </message>
    <message>
        <source>Tell others which of their messages I have read</source>
        <translation>לומר לאחרים אילו מהודעותיהם קראתי</translation>
    </message>
    <message>
        <source>Hold sealed messages for colleagues who are away</source>
        <translation>לשמור הודעות חתומות עבור עמיתים שאינם</translation>
    </message>
    <message>
        <source>Look for colleagues at every address of a VPN, once a day</source>
        <translation>לחפש עמיתים בכל כתובת של VPN, פעם ביום</translation>
    </message>
    <message>
        <source>Ask the machines that Tailscale knows</source>
        <translation>לשאול את המחשבים ש־Tailscale מכיר</translation>
    </message>
    <message>
        <source>to everybody</source>
        <translation>לכולם</translation>
    </message>
    <message>
        <source>to my teams</source>
        <translation>לצוותים שלי</translation>
    </message>
    <message>
        <source>to nobody</source>
        <translation>לאף אחד</translation>
    </message>
    <message>
        <source>Announce me</source>
        <translation>להכריז עליי</translation>
    </message>
    <message>
        <source>p2pim starts anew in the background when one of these is changed.</source>
        <translation>p2pim יופעל מחדש ברקע כשאחד מאלה משתנה.</translation>
    </message>
    <message>
        <source>Not allowed here: {source}</source>
        <translation>לא מותר כאן: {source}</translation>
    </message>
</context>
<context>
    <name>RoomPage</name>
    <message>
        <source>Everybody on this network reads this, for a week. It is not private.</source>
        <extracomment>The team into which somebody is to be invited. The team in which a room is to be founded.</extracomment>
        <translation>כל מי שברשת הזאת קורא את זה, למשך שבוע. זה לא פרטי.</translation>
    </message>
    <message>
        <source>You are {role} here.</source>
        <translation>התפקיד שלך כאן: {role}.</translation>
    </message>
    <message>
        <source>Members</source>
        <translation>חברים</translation>
    </message>
    <message>
        <source>What it is about</source>
        <translation>על מה מדובר</translation>
    </message>
    <message>
        <source>Name of the team</source>
        <translation>שם הצוות</translation>
    </message>
    <message>
        <source>Invite …</source>
        <translation>הזמנה …</translation>
    </message>
    <message>
        <source>New room …</source>
        <translation>חדר חדש …</translation>
    </message>
    <message>
        <source>you</source>
        <translation>את/ה</translation>
    </message>
    <message>
        <source>What can be done with {name}</source>
        <translation>מה אפשר לעשות עם {name}</translation>
    </message>
    <message>
        <source>Make an ordinary member</source>
        <translation>הפיכה לחבר רגיל</translation>
    </message>
    <message>
        <source>Make an admin</source>
        <translation>הפיכה למנהל</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>הסרה</translation>
    </message>
    <message>
        <source>Really leave? Only an invite brings you back.</source>
        <translation>לעזוב באמת? רק הזמנה תחזיר אותך.</translation>
    </message>
    <message>
        <source>Leave</source>
        <translation>עזיבה</translation>
    </message>
    <message>
        <source>Open it again</source>
        <translation>פתיחה מחדש</translation>
    </message>
    <message>
        <source>Archive: nothing more is written here</source>
        <translation>העברה לארכיון: לא ייכתב כאן עוד</translation>
    </message>
</context>
<context>
    <name>RoomWindow</name>
    <message>
        <source>New room</source>
        <translation>חדר חדש</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>שם</translation>
    </message>
    <message>
        <source>Private: only those chosen here read it</source>
        <translation>פרטי: רק מי שנבחר כאן קורא אותו</translation>
    </message>
    <message>
        <source>Members</source>
        <translation>חברים</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>יצירה</translation>
    </message>
</context>
<context>
    <name>SearchWindow</name>
    <message>
        <source>Search</source>
        <translation>חיפוש</translation>
    </message>
    <message>
        <source>Words, or parts of words</source>
        <translation>מילים, או חלקי מילים</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>היכן</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>בכל מקום</translation>
    </message>
    <message>
        <source>By whom</source>
        <translation>ממי</translation>
    </message>
    <message>
        <source>By anybody</source>
        <translation>מכולם</translation>
    </message>
    <message>
        <source>By me</source>
        <translation>ממני</translation>
    </message>
    <message>
        <source>When</source>
        <translation>מתי</translation>
    </message>
    <message>
        <source>At any time</source>
        <translation>בכל זמן</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>היום</translation>
    </message>
    <message>
        <source>In the last 7 days</source>
        <translation>ב־7 הימים האחרונים</translation>
    </message>
    <message>
        <source>In the last 30 days</source>
        <translation>ב־30 הימים האחרונים</translation>
    </message>
    <message>
        <source>In the last year</source>
        <translation>בשנה האחרונה</translation>
    </message>
    <message>
        <source>You</source>
        <translation>את/ה</translation>
    </message>
    <message>
        <source>1 message found</source>
        <translation>נמצאה הודעה אחת</translation>
    </message>
    <message>
        <source>{n} messages found</source>
        <translation>נמצאו {n} הודעות</translation>
    </message>
    <message>
        <source>; there are more: add a word</source>
        <translation>; יש עוד: הוסיפו מילה</translation>
    </message>
</context>
<context>
    <name>StatusWindow</name>
    <message>
        <source>Your status</source>
        <translation>המצב שלך</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>מחובר</translation>
    </message>
    <message>
        <source>Away</source>
        <translation>לא נמצא</translation>
    </message>
    <message>
        <source>Busy: do not disturb</source>
        <translation>עסוק: לא להפריע</translation>
    </message>
    <message>
        <source>Invisible</source>
        <translation>בלתי נראה</translation>
    </message>
    <message>
        <source>What are you up to?</source>
        <translation>מה מעשיך?</translation>
    </message>
    <message>
        <source>until I change it</source>
        <translation>עד שאשנה</translation>
    </message>
    <message>
        <source>for 30 minutes</source>
        <translation>ל־30 דקות</translation>
    </message>
    <message>
        <source>for 1 hour</source>
        <translation>לשעה</translation>
    </message>
    <message>
        <source>for today</source>
        <translation>להיום</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>השם שלך</translation>
    </message>
    <message>
        <source>Presence</source>
        <translation>נוכחות</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>מצב</translation>
    </message>
    <message>
        <source>How long</source>
        <translation>לכמה זמן</translation>
    </message>
</context>
<context>
    <name>Switcher</name>
    <message>
        <source>Go to</source>
        <translation>מעבר אל</translation>
    </message>
    <message>
        <source>A person or room</source>
        <translation>אדם או חדר</translation>
    </message>
</context>
<context>
    <name>TeamWindow</name>
    <message>
        <source>Welcome to p2pim</source>
        <translation>ברוכים הבאים ל־p2pim</translation>
    </message>
    <message>
        <source>Teams and addresses</source>
        <translation>צוותים וכתובות</translation>
    </message>
    <message>
        <source>Colleagues on the same network appear by themselves. What should they call you?</source>
        <translation>עמיתים באותה רשת מופיעים מעצמם. איך לקרוא לך?</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>השם שלך</translation>
    </message>
    <message>
        <source>Go</source>
        <translation>קדימה</translation>
    </message>
    <message>
        <source>Join a team: I have a code or link</source>
        <translation>הצטרפות לצוות: יש לי קוד או קישור</translation>
    </message>
    <message>
        <source>Create a team</source>
        <translation>יצירת צוות</translation>
    </message>
    <message>
        <source>Just the people on this network</source>
        <translation>רק האנשים ברשת הזאת</translation>
    </message>
    <message>
        <source>Try an address: a colleague told me theirs</source>
        <translation>ניסיון כתובת: עמית מסר לי את שלו</translation>
    </message>
    <message>
        <source>The code or link</source>
        <translation>הקוד או הקישור</translation>
    </message>
    <message>
        <source>The name of the team</source>
        <translation>שם הצוות</translation>
    </message>
    <message>
        <source>Address, as 10.0.0.5 or host:26747</source>
        <translation>כתובת, כמו 10.0.0.5 או host:26747</translation>
    </message>
    <message>
        <source>Looking for the team …</source>
        <translation>מחפש את הצוות …</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>{n} unread</source>
        <extracomment>The bubble. Milliseconds between two looks for a tray: the desktop&apos;s may start after us, or be restarted. Whether there is a tray now.</extracomment>
        <translation>{n} לא נקראו</translation>
    </message>
    <message>
        <source>Open p2pim</source>
        <translation>פתיחת p2pim</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>מחובר</translation>
    </message>
    <message>
        <source>Away</source>
        <translation>לא נמצא</translation>
    </message>
    <message>
        <source>Do not disturb</source>
        <translation>לא להפריע</translation>
    </message>
    <message>
        <source>Invisible</source>
        <translation>בלתי נראה</translation>
    </message>
    <message>
        <source>Do not disturb for 1 hour</source>
        <translation>לא להפריע לשעה</translation>
    </message>
    <message>
        <source>Network …</source>
        <translation>רשת …</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>יציאה</translation>
    </message>
</context>
<context>
    <name>UnlockWindow</name>
    <message>
        <source>Locked</source>
        <translation>נעול</translation>
    </message>
    <message>
        <source>Your identity is protected by a passphrase.</source>
        <translation>הזהות שלך מוגנת בסיסמה.</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>סיסמה</translation>
    </message>
    <message>
        <source>Opening …</source>
        <translation>פותח …</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>Your status</source>
        <extracomment>Milliseconds that a sentence about what went wrong is shown. The user closed it: it goes on in the tray, or in the task bar where there is none.</extracomment>
        <translation>המצב שלך</translation>
    </message>
    <message>
        <source>Search all messages (Ctrl+Shift+F)</source>
        <translation>חיפוש בכל ההודעות (Ctrl+Shift+F)</translation>
    </message>
    <message>
        <source>Create or join a team, add an address</source>
        <translation>יצירת צוות או הצטרפות, הוספת כתובת</translation>
    </message>
    <message>
        <source>Settings (Ctrl+,)</source>
        <translation>הגדרות (Ctrl+,)</translation>
    </message>
    <message>
        <source>Find a person or room</source>
        <translation>חיפוש אדם או חדר</translation>
    </message>
    <message>
        <source>What hinders? Run the doctor</source>
        <translation>מה מפריע? הפעלת הבדיקה</translation>
    </message>
    <message>
        <source>Choose somebody at the left, or press Ctrl+K.</source>
        <translation>בחרו מישהו מהרשימה, או הקישו Ctrl+K.</translation>
    </message>
    <message>
        <source>You are {name}, {state}</source>
        <translation>את/ה {name}, {state}</translation>
    </message>
    <message>
        <source>The disk is full: nothing new can be kept. Free some space.</source>
        <translation>הדיסק מלא: אי אפשר לשמור דבר חדש. פנו מקום.</translation>
    </message>
    <message>
        <source>p2pim is not running; trying to start it.</source>
        <translation>p2pim אינו פועל; מנסה להפעיל אותו.</translation>
    </message>
</context>
<context>
    <name>_Finder</name>
    <message>
        <source>Found</source>
        <extracomment>Milliseconds after the last key before what was typed is looked for. Since how many days ago one may search; None: ever since. How long a status may last, in minutes; None: until it is changed, -1: until midnight.</extracomment>
        <translation>נמצא</translation>
    </message>
</context>
<context>
    <name>_Request</name>
    <message>
        <source>Accept</source>
        <extracomment>The method of the API that answers, and about whom.</extracomment>
        <translation>אישור</translation>
    </message>
    <message>
        <source>Decline</source>
        <translation>דחייה</translation>
    </message>
    <message>
        <source>Block</source>
        <translation>חסימה</translation>
    </message>
    <message>
        <source>Unblock</source>
        <translation>ביטול החסימה</translation>
    </message>
    <message>
        <source>You have blocked them: nothing comes in or goes out.</source>
        <translation>חסמת אותם: דבר אינו נכנס או יוצא.</translation>
    </message>
    <message>
        <source>Somebody you do not know wants to write to you. Until you accept, nothing more comes in.</source>
        <translation>מישהו שאינך מכיר/ה רוצה לכתוב לך. עד שתאשר/י, לא ייכנס עוד.</translation>
    </message>
    <message>
        <source>Careful: this name looks like that of {name}, but it is somebody else.</source>
        <translation>זהירות: השם הזה דומה לזה של {name}, אבל זה מישהו אחר.</translation>
    </message>
</context>
<context>
    <name>self.window</name>
    <message>
        <source>There is no tray here: p2pim waits in the task bar. Quit it with Ctrl+Q.</source>
        <extracomment>Milliseconds between two looks at whether the user is there.</extracomment>
        <translation>אין כאן מגש: p2pim ממתין בשורת המשימות. יציאה עם Ctrl+Q.</translation>
    </message>
    <message>
        <source>This desktop shows no notifications ({why}); the icon still counts.</source>
        <translation>שולחן העבודה הזה אינו מציג התראות ({why}); הסמל עדיין סופר.</translation>
    </message>
    <message>
        <source>No font has emoji in colour: on Debian, apt install fonts-noto-color-emoji</source>
        <translation>אין גופן עם אמוג׳י צבעוניים: בדביאן, apt install fonts-noto-color-emoji</translation>
    </message>
</context>
</TS>
