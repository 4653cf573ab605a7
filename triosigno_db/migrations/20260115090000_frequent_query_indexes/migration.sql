-- Look up an account by its e-mail address, whatever its case and form: logging in. The expression
-- gives the same in every locale, as lower("email") does not.
CREATE INDEX IF NOT EXISTS "User_folded_email_idx" ON "User"((
    CASE
    WHEN pg_catalog.octet_length("email") = pg_catalog.char_length("email")
    THEN pg_catalog.lower("email" COLLATE "C")
    ELSE pg_catalog.translate(
        pg_catalog.lower(normalize("email", NFD) COLLATE "C"),
        E'\u00C6\u00D0\u00D8\u00DE\u0110\u0126\u0132\u013F\u0141\u014A\u0152\u0166\u0181\u0182\u0184'
         '\u0186\u0187\u0189\u018A\u018B\u018E\u018F\u0190\u0191\u0193\u0194\u0196\u0197\u0198\u019C'
         '\u019D\u019F\u01A2\u01A4\u01A6\u01A7\u01A9\u01AC\u01AE\u01B1\u01B2\u01B3\u01B5\u01B7\u01B8'
         '\u01BC\u01C4\u01C5\u01C7\u01C8\u01CA\u01CB\u01E4\u01F1\u01F2\u01F6\u01F7\u021C\u0220\u0222'
         '\u0224\u023A\u023B\u023D\u023E\u0241\u0243\u0244\u0245\u0246\u0248\u024A\u024C\u024E\u0370'
         '\u0372\u0376\u037F\u0391\u0392\u0393\u0394\u0395\u0396\u0397\u0398\u0399\u039A\u039B\u039C'
         '\u039D\u039E\u039F\u03A0\u03A1\u03A3\u03A4\u03A5\u03A6\u03A7\u03A8\u03A9\u03CF\u03D8\u03DA'
         '\u03DC\u03DE\u03E0\u03E2\u03E4\u03E6\u03E8\u03EA\u03EC\u03EE\u03F4\u03F7\u03F9\u03FA\u03FD'
         '\u03FE\u03FF\u0402\u0404\u0405\u0406\u0408\u0409\u040A\u040B\u040F\u0410\u0411\u0412\u0413'
         '\u0414\u0415\u0416\u0417\u0418\u041A\u041B\u041C\u041D\u041E\u041F\u0420\u0421\u0422\u0423'
         '\u0424\u0425\u0426\u0427\u0428\u0429\u042A\u042B\u042C\u042D\u042E\u042F\u0460\u0462\u0464'
         '\u0466\u0468\u046A\u046C\u046E\u0470\u0472\u0474\u0478\u047A\u047C\u047E\u0480\u048A\u048C'
         '\u048E\u0490\u0492\u0494\u0496\u0498\u049A\u049C\u049E\u04A0\u04A2\u04A4\u04A6\u04A8\u04AA'
         '\u04AC\u04AE\u04B0\u04B2\u04B4\u04B6\u04B8\u04BA\u04BC\u04BE\u04C0\u04C3\u04C5\u04C7\u04C9'
         '\u04CB\u04CD\u04D4\u04D8\u04E0\u04E8\u04F6\u04FA\u04FC\u04FE\u0500\u0502\u0504\u0506\u0508'
         '\u050A\u050C\u050E\u0510\u0512\u0514\u0516\u0518\u051A\u051C\u051E\u0520\u0522\u0524\u0526'
         '\u0528\u052A\u052C\u052E\u0531\u0532\u0533\u0534\u0535\u0536\u0537\u0538\u0539\u053A\u053B'
         '\u053C\u053D\u053E\u053F\u0540\u0541\u0542\u0543\u0544\u0545\u0546\u0547\u0548\u0549\u054A'
         '\u054B\u054C\u054D\u054E\u054F\u0550\u0551\u0552\u0553\u0554\u0555\u0556\u1E9E\u03C2\u3002'
         '\uFF0E\uFF61',
        E'\u00E6\u00F0\u00F8\u00FE\u0111\u0127\u0133\u0140\u0142\u014B\u0153\u0167\u0253\u0183\u0185'
         '\u0254\u0188\u0256\u0257\u018C\u01DD\u0259\u025B\u0192\u0260\u0263\u0269\u0268\u0199\u026F'
         '\u0272\u0275\u01A3\u01A5\u0280\u01A8\u0283\u01AD\u0288\u028A\u028B\u01B4\u01B6\u0292\u01B9'
         '\u01BD\u01C6\u01C6\u01C9\u01C9\u01CC\u01CC\u01E5\u01F3\u01F3\u0195\u01BF\u021D\u019E\u0223'
         '\u0225\u2C65\u023C\u019A\u2C66\u0242\u0180\u0289\u028C\u0247\u0249\u024B\u024D\u024F\u0371'
         '\u0373\u0377\u03F3\u03B1\u03B2\u03B3\u03B4\u03B5\u03B6\u03B7\u03B8\u03B9\u03BA\u03BB\u03BC'
         '\u03BD\u03BE\u03BF\u03C0\u03C1\u03C3\u03C4\u03C5\u03C6\u03C7\u03C8\u03C9\u03D7\u03D9\u03DB'
         '\u03DD\u03DF\u03E1\u03E3\u03E5\u03E7\u03E9\u03EB\u03ED\u03EF\u03B8\u03F8\u03F2\u03FB\u037B'
         '\u037C\u037D\u0452\u0454\u0455\u0456\u0458\u0459\u045A\u045B\u045F\u0430\u0431\u0432\u0433'
         '\u0434\u0435\u0436\u0437\u0438\u043A\u043B\u043C\u043D\u043E\u043F\u0440\u0441\u0442\u0443'
         '\u0444\u0445\u0446\u0447\u0448\u0449\u044A\u044B\u044C\u044D\u044E\u044F\u0461\u0463\u0465'
         '\u0467\u0469\u046B\u046D\u046F\u0471\u0473\u0475\u0479\u047B\u047D\u047F\u0481\u048B\u048D'
         '\u048F\u0491\u0493\u0495\u0497\u0499\u049B\u049D\u049F\u04A1\u04A3\u04A5\u04A7\u04A9\u04AB'
         '\u04AD\u04AF\u04B1\u04B3\u04B5\u04B7\u04B9\u04BB\u04BD\u04BF\u04CF\u04C4\u04C6\u04C8\u04CA'
         '\u04CC\u04CE\u04D5\u04D9\u04E1\u04E9\u04F7\u04FB\u04FD\u04FF\u0501\u0503\u0505\u0507\u0509'
         '\u050B\u050D\u050F\u0511\u0513\u0515\u0517\u0519\u051B\u051D\u051F\u0521\u0523\u0525\u0527'
         '\u0529\u052B\u052D\u052F\u0561\u0562\u0563\u0564\u0565\u0566\u0567\u0568\u0569\u056A\u056B'
         '\u056C\u056D\u056E\u056F\u0570\u0571\u0572\u0573\u0574\u0575\u0576\u0577\u0578\u0579\u057A'
         '\u057B\u057C\u057D\u057E\u057F\u0580\u0581\u0582\u0583\u0584\u0585\u0586\u00DF\u03C3\u002E'
         '\u002E\u002E'
    )
    END
));

-- Look up an account by its username, whatever its normal form.
CREATE INDEX IF NOT EXISTS "User_nfc_username_idx" ON "User"((normalize("username", NFC)));

-- List accounts, the newest first.
CREATE INDEX IF NOT EXISTS "User_createdAt_id_idx" ON "User"("createdAt", "id");

-- List and count the accounts of a role, the newest first.
CREATE INDEX IF NOT EXISTS "User_role_createdAt_id_idx" ON "User"("role", "createdAt", "id");

-- List and count the accounts that are deactivated, or are not, the newest first.
CREATE INDEX IF NOT EXISTS "User_isActive_createdAt_id_idx" ON "User"("isActive", "createdAt", "id");

-- List the signs of a category, and refuse to delete a category that has some.
CREATE INDEX IF NOT EXISTS "Sign_categoryId_idx" ON "Sign"("categoryId");

-- List modules in order.
CREATE INDEX IF NOT EXISTS "Module_order_id_idx" ON "Module"("order", "id");

-- List a module's lessons in order, and refuse to delete a module that has some.
CREATE INDEX IF NOT EXISTS "Lesson_moduleId_order_id_idx" ON "Lesson"("moduleId", "order", "id");

-- Find the lessons that teach a sign, and deleting a sign takes its places with it.
CREATE INDEX IF NOT EXISTS "LessonSign_signId_idx" ON "LessonSign"("signId");

-- Find who has practised a sign, and deleting a sign takes the progress with it.
CREATE INDEX IF NOT EXISTS "Progress_signId_idx" ON "Progress"("signId");

-- List a learner's sessions, the newest first, and deleting an account takes them with it.
CREATE INDEX IF NOT EXISTS "LearningSession_userId_startTime_idx" ON "LearningSession"("userId", "startTime");

-- List a lesson's sessions, the latest first, and refuse to delete a lesson that has some.
CREATE INDEX IF NOT EXISTS "LearningSession_lessonId_startTime_id_idx" ON "LearningSession"("lessonId", "startTime", "id");

-- List all sessions, the latest first.
CREATE INDEX IF NOT EXISTS "LearningSession_startTime_id_idx" ON "LearningSession"("startTime", "id");

-- Add up the XP of all time without reading the sessions themselves: the leaderboard.
CREATE INDEX IF NOT EXISTS "LearningSession_userId_completed_xpEarned_idx" ON "LearningSession"("userId", "completed", "xpEarned");

-- Add up the XP earned in a day, a week, a month: the leaderboard.
CREATE INDEX IF NOT EXISTS "LearningSession_endTime_idx" ON "LearningSession"("endTime");

-- Find who has earned an achievement, and deleting an achievement takes the awards with it.
CREATE INDEX IF NOT EXISTS "UserAchievement_achievementId_idx" ON "UserAchievement"("achievementId");

-- Add up the XP of the achievements of a day, a week, a month: the leaderboard.
CREATE INDEX IF NOT EXISTS "UserAchievement_achievedAt_idx" ON "UserAchievement"("achievedAt");

-- Leave room on each page for new versions of its rows: with it, and without an index on a column
-- that an attempt changes, an attempt writes to no index.
ALTER TABLE "Progress" SET (fillfactor = 90);
