"""The tables of phrases: one table a meaning, one entry a language; how to read a line stands in `phrases.Phrases`.

Rule 1: a phrase says the thing by itself. A word that also means something else stands with the words around it.
Rule 2: `unless` holds what looks like it: the denial, the other right of the same name, thanks for what was given,
and what our own letters say to their reader ("u", "you").
Rule 3: the tables for Turkish, Arabic, Ukrainian and Tigrinya were made from grammars and examples, not by people
who speak them at home; who does so may change a line and add a sentence to the tests.
"""

from typing import Final

from gateway.core.phrases import Phrases

EXTENSION: Final = (
    Phrases(
        "nl",
        says="""
        uitstel
        uitstelverzoek
        termijnverlenging
        meer|extra|langer|langere [de] tijd
        langere|ruimere termijn
        termijn ... verlengen|verlengd|oprekken|opschorten
        verleng|verlengt|verlengen ... termijn
        verlenging van [de|mijn|onze|deze|die] termijn
        mag|mogen ... later opsturen|sturen|nasturen|aanleveren|inleveren|indienen|insturen
        """,
        unless="""
        geen [verder|extra|nader|langer|meer] uitstel|uitstelverzoek|termijnverlenging
        zonder uitstel
        uitstel van vertrek|betaling|executie
        uitstel ... niet [meer] nodig
        heb|hebben|had|hadden|kreeg|kregen ... uitstel ... gekregen|gehad|ontvangen
        dank|bedankt ... voor het|uw|dit|de uitstel|verlenging|extra [tijd]
        geen [verdere] verlenging van de|mijn|onze|deze termijn
        geen [wat] meer|extra|langere tijd
        niet [nog] meer|extra|langer tijd
        u|uw ... meer|extra|langer tijd
        termijn van mijn|het|de verblijfsvergunning|visum|paspoort
        """,
    ),
    Phrases(
        "en",
        says="""
        need*|request*|ask*|have|give*|get|like|want ... more|extra|additional|further time
        allow*|grant*|require*|please|beg ... more|extra|additional|further time
        more|extra|additional|further time ... please|needed|required|possible
        extension of [the|my|our|this|your] term|time|deadline|period|date
        request*|ask|asking|need|grant*|get|like|have|want|obtain|apply|seek ... an extension
        extend* ... term|deadline|period|date
        extend the|my|our|this time
        deadline ... extended|postponed|moved
        postpone*|postponement ... deadline|date|submission|term
        longer period|deadline|term
        """,
        unless="""
        do|does|did|will|would not need|want|ask|require|request ... time|extension
        don't|doesn't|didn't|won't need|want|ask|require|request ... time|extension
        not asking|requesting ... time|extension
        no|without ... extension
        no need ... time|extension
        you|they need|have|want|like|get|require ... time|extension
        spent|spend|spending more|extra|additional time
        file|filename|hair|visa|stay|permit extension
        extension|extend* [of] [the|my|his|her|our|their] visa|residence|permit|stay|passport ... date|period|term
        extension [of] [the|my|his|her|our|their] visa|residence|permit|stay|passport
        an extension of|to|for [the|my|his|her|our|their] visa|residence|permit|stay|passport|house|contract
        thank* ... for|granting ... extension|time
        was|were|been|already granted|given an extension
        """,
    ),
    Phrases(
        "fr",
        says="""
        délai|délais supplémentaire|supplémentaires|additionnel|complémentaire
        délai plus long
        prolong*|proroger|prorogation|rallong*|extension|report|reporter|repousser ... délai|délais|échéance|date|terme
        délai ... prolongé|rallongé|reporté|prorogé
        demand*|sollicit*|accord*|octroy*|voudr* ... un délai
        besoin|demand*|donner|donnez|accord*|avoir|faut|faudrait|voudr*|aimer* ... plus|davantage de temps
        temps supplémentaire
        """,
        unless="""
        pas besoin ... délai|temps
        ne demand* pas ... délai|temps
        ne|n'ai|n'avons plus besoin ... délai|temps
        aucun délai|temps
        sans délai
        dans un délai|temps
        dans les délais
        vous ... besoin de plus|davantage de temps
        merci|remerci* ... délai|prolongation|report
        titre|carte de séjour
        """,
    ),
    Phrases(
        "de",
        says="""
        fristverlängerung*
        verlängerung der|dieser|meiner|unserer frist
        frist|fristen ... verlängern|verlängert|aufschieben|hinausschieben
        verlänger* ... frist
        längere frist
        nachfrist
        aufschub
        brauch*|benötig*|bitte|bitten|hätte*|geben|gib|gewähr*|möchte* ... mehr|zusätzliche|weitere zeit
        mehr|zusätzliche|weitere zeit ... bitte|brauchen|benötigen|geben|gewähren
        darf|dürfen|dürfte|dürften ... später einreichen|nachreichen|schicken|senden|abgeben
        """,
        unless="""
        kein|keine|keinen|keiner [weitere|weiteren|erneute] fristverlängerung|aufschub|nachfrist|verlängerung
        ohne aufschub
        keine|nicht [viel] mehr|weitere|zusätzliche zeit
        sie ... mehr|zusätzliche|weitere zeit
        dank*|danken|bedanke* ... fristverlängerung|verlängerung
        habe|haben ... fristverlängerung ... bekommen|erhalten
        nicht [mehr] um ... fristverlängerung|aufschub|zeit
        """,
    ),
    Phrases(
        "tr",
        says="""
        ek|ilave süre*
        süre* uzatım*|uzatma*|uzatıl*|uzatı*
        daha fazla|uzun süre*|zaman*|vakit|vakt* ... istiyor*|ister*|ihtiya*|gerek|gerekiyor|lazım|ver*|rica|talep
        son gün*|tarih* ... uzatıl*|uzatma*|ertelen*|erteleme*
        mühlet
        """,
        unless="""
        ek|ilave|fazla|uzun süre*|zaman*|vakit|vakt* ... yok|istemi*|gerekmi*|gerekme*|verdi*|değil
        süre* uzat* ... yok|istemi*|gerekmi*|gerekme*|verdi*|değil
        pasaport*|vize*|oturum*|ikamet* ... süre* uzat*
        """,
    ),
    Phrases(
        "ar",
        says="""
        *تمديد ... *مهلة|*موعد|*أجل|*مدة|*فترة
        *تمديد *المهلة|*الموعد|*الأجل|*المدة
        *مهلة|*مدة|*فترة إضافية|أطول|أخرى|جديدة
        *وقت|*وقتا إضافي*|أطول|أكثر
        *مزيد من الوقت
        *تأجيل|*تأخير ... *الموعد|*موعد|*المهلة|*تسليم|*تقديم
        أطلب|نطلب|أرجو|نرجو|أريد|نريد ... تمديد|تأجيل|مهلة
        """,
        unless="""
        لا|لن|لم أحتاج|نحتاج|أحتج|نحتج|أطلب|نطلب|أريد|نريد|أرغب ... *وقت*|*تمديد*|*مهلة|*تأجيل
        ليس|لست|لسنا ... *حاجة|*بحاجة ... *وقت*|*تمديد*|*مهلة|*تأجيل
        بدون|دون تأجيل|تأخير|تمديد
        *تمديد ... *إقامة|*إقامتي|*إقامتنا|*تأشيرة|*تأشيرتي|*جواز|*جوازي
        شكرا ... *تمديد|*مهلة|*وقت*
        تحتاج|تحتاجون|تريد|تريدون ... *وقت*|*مهلة
        """,
    ),
    Phrases(
        "uk",
        says="""
        продовж*|продовжен* ... строк|строку|термін|терміну|строки|терміни
        строк|строку|термін|терміну ... продовж*
        додатков*|більший|довший час|часу|строк|строку|термін|терміну
        потріб*|потребу*|прошу|просимо|просити|надайте|дайте|надати|дати|можна|хотіл* ... більше часу
        більше часу ... потріб*|будь|прошу|просимо|треба
        відстрочк*|відстрочен*|відстрочит*
        перенес* ... строк|строку|термін|терміну|дату|дати
        """,
        unless="""
        не потріб*|потребу*|треба|прошу|просимо|просив|просила ... час|часу|строк*|термін*|відстроч*|продовж*
        без відстроч*|продовж*
        відстроч* ... від|мобілізац*|військов*|служб*|призов*
        продовж* ... термін*|строк* дії
        термін*|строк* дії ... продовж*
        продовж* ... дозвол*|посвідк*|візи|візу|паспорт*
        вам ... більше часу
        дяку* ... час|часу|строк*|термін*|відстроч*|продовж*
        """,
    ),
    Phrases(
        "ti",
        says="""
        ተወሳኺ|ዝያዳ|ተጨማሪ ግዜ|ጊዜ|መዓልቲ|መዓልታት|ሰሙን
        ምንዋሕ [ናይ] ግዜ|ጊዜ|ገደብ|ዕለት|መዓልቲ
        ግዜ|ጊዜ|ገደብ|ዕለት|መዓልቲ ... ምንዋሕ|ይናዋ*|ክናዋ*|ክነው*|ኣናው*|ከተናው*|ክትናው*
        ግዜ|ጊዜ ሃቡ*|ሃበ*|ክትህቡ*|የድልየኒ|የድልየና|ይሕግዘኒ
        """,
        unless="""
        ግዜ|ጊዜ|መዓልቲ|መዓልታት ኣየድልየ*|ኣይደሊ*|ኣይንደሊ*|ኣይሓተትኩ*|ሂብኩም*
        """,
    ),
)
"""Asks for more time (`uitstelverzoek`)."""

STATEMENT: Final = (
    Phrases(
        "nl",
        says="""
        kan|kunnen|kon|konden ... niet [meer] {get}
        niet [meer] kan|kunnen|kon|konden {get}
        niet [meer] in het|mijn|ons|zijn|haar bezit
        heb|hebben|heeft|had nooit|geen [een] {paper}
        {paper} ... {gone}
        onmogelijk ... {get}
        {paper} ... bestaat|bestaan|bestond niet
        {paper} ... niet afgegeven|uitgegeven|verstrekt
        """,
        unless="""
        geen [een|enkel] {paper} ... nodig|ontvangen|gekregen|bijgevoegd|meegestuurd|toegevoegd
        u|je|jij|jullie ... niet [meer] kan|kunnen {get}
        niet|nooit|geen {paper} ... {gone}
        teruggevonden
        """,
        words="""
        get: krijgen|verkrijgen|leveren|aanleveren|overleggen|opvragen|opsturen|bemachtigen|vinden
        paper: *paspoort|*akte|*aktes|*akten|*bewijs|*document|*documenten|*papieren
        gone: verloren|kwijt|kwijtgeraakt|vernietigd|verbrand|gestolen|verwoest|afgepakt
        """,
    ),
    Phrases(
        "en",
        says="""
        cannot|can't|couldn't {get}
        can|could not {get}
        unable|impossible to {get}
        not able|possible to {get}
        not|never been able to {get}
        not [currently|longer|in] in my|our|his|her possession
        {paper} ... cannot|can't be obtained|issued|provided|found
        do|does|did not have|own|possess|had {my} {paper}
        don't|doesn't|didn't have|own|possess {my} {paper}
        never had|got|received|possessed {my} {paper}
        no longer have|possess {my} {paper}
        have|has|had no {paper}
        {paper}|archive*|registry ... lost|destroyed|burned|burnt|stolen|confiscated
        lost ... {paper}
        passport*|certificate*|document* do|does|don't|doesn't [not] exist*
        """,
        unless="""
        you|they cannot|can't|couldn't {get}
        you|they can|could not {get}
        you are unable|not to|able ... {get}
        you do|don't [not] have
        cannot|can't|couldn't get|find into|in|through|access|your|the|a link|portal|website|address|button|upload|way
        cannot|can't|couldn't get into|in|through|access
        cannot|can't|couldn't submit|find [the] form|link|portal|button|website|page
        get|got lost
        not|never|nothing lost
        have no document*|papers ... more|further|other
        """,
        words="""
        get: get|obtain|provide|produce|submit|find|deliver
        paper: passport*|certificate*|birth|marriage|document*|identity|id|papers
        my: [a|an|any|the|my|his|her|our]
        """,
    ),
    Phrases(
        "fr",
        says="""
        ne peux|peut|pouvons|puis|pourrai|pourrons|parviens pas|plus [à] {it} {get}
        n'ai|n'avons|n'a pas|jamais pu {it} {get}
        impossible de|d'|pour [moi|nous] [de|d'] {it} {get}
        impossible d'obtenir
        pas|plus possible de|d' {it} {get}
        pas|plus possible d'obtenir
        n'ai|n'avons|n'a pas|jamais|plus [eu] [de|d'|le|la|mon|ma|notre] {paper}
        n'ai|n'avons|n'a pas|jamais|plus [eu] d'acte
        {paper}|archives ... perdu*|volé*|détruit*|brûlé*|confisqué*
        perdu|égaré ... passeport|acte|documents|papiers
        acte|passeport|document|certificat n'existe*|n'a pas|plus|jamais
        n'est plus|pas délivré*
        """,
        unless="""
        vous ne pouvez|pourrez|pouviez pas|plus
        n'ai|n'avons pas [encore] [de|d'] document*|acte|certificat ... reçu*
        pas|jamais perdu*|volé*|égaré*
        """,
        words="""
        get: obtenir|fournir|produire|présenter|procurer|trouver
        paper: passeport|acte|document|documents|certificat|papiers
        it: [l'|le|la|les|me|en]
        """,
    ),
    Phrases(
        "de",
        says="""
        kann|können|konnte|konnten ... nicht [mehr] {get}
        nicht [mehr] {get} kann|können|konnte|konnten
        unmöglich ... {get}
        nicht möglich ... {get}
        nicht [mehr] in meinem|unserem|seinem|ihrem|im besitz
        habe|haben|hat|hatte|besitze kein|keine|keinen|nie|niemals [einen|eine] {paper}
        {paper}|*archiv ... verloren|gestohlen|verbrannt|zerstört|vernichtet|abgenommen
        verloren|gestohlen ... *pass|*urkunde|*dokumente|*papiere
        {paper} ... nicht ausgestellt
        {paper} existiert|existieren nicht
        """,
        unless="""
        sie ... nicht [mehr] {get} können
        können sie ... nicht {get}
        kein|keine|keinen {paper} ... erhalten|bekommen|beigefügt|nötig|benötigt
        nicht verloren|gestohlen
        """,
        words="""
        get: bekommen|beschaffen|besorgen|vorlegen|beibringen|erhalten|liefern|finden
        paper: *pass|*urkunde|*dokument|*dokumente|*ausweis|*papiere
        """,
    ),
    Phrases(
        "tr",
        says="""
        {paper} ... {cannot}
        {paper} ... temin|elde edemi*|edeme*
        {paper} ... mümkün|imkân* değil|yok
        pasaportum|pasaportumuz|belgem|belgemiz|belgesi|kimliğim|kimliğimiz|cüzdanım|evrakım yok
        {paper}|arşiv* ... kaybol*|kaybet*|çalın*|yandı|yanmış|imha
        {paper}|arşiv* ... yok oldu
        {paper} ... vermiyor*|verilmiyor|vermedi*
        """,
        unless="""
        {paper} ... gerek|ihtiyac*|eksi* yok
        {paper} ... kaybolma*|kaybetme*|çalınma*
        """,
        words="""
        paper: *pasaport*|belge*|cüzdan*|kimli*|evrak*|kayd*|kayıt*|*akte
        cannot: alamı*|alama*|bulamı*|bulama*|çıkartamı*|çıkaramı*|sunamı*|getiremi*|edinemi*|ulaşamı*
        """,
    ),
    Phrases(
        "ar",
        says="""
        لا|لم|لن أستطيع|نستطيع|أستطع|نستطع|أتمكن|نتمكن|يمكنني|يمكننا|أقدر ... *حصول|إحضار|تقديم|توفير|استخراج|جلب|إيجاد
        لا|لم|لن أستطيع|نستطيع|أستطع|نستطع|أتمكن|نتمكن أن أحصل|نحصل|أحضر|أقدم|نقدم|أستخرج
        من المستحيل|مستحيل ... *حصول|إحضار|تقديم|استخراج
        ليس لدي|لدينا|عندي|عندنا ... {paper}
        لا أملك|نملك|يوجد ... {paper}
        *فقدت|*فقدنا|*ضاع|*ضاعت|*سرق|*سرقت|*احترق|*احترقت|*دمر|*دمرت|*تلف|*تلفت ... {paper}|{kept}
        {paper}|{kept} ... ضاع|ضاعت|سرق|سرقت|احترق|احترقت|دمر|دمرت|تلف|تلفت|مفقود*
        رفض*|ترفض ... إصدار|إعطاء|منح ... {paper}
        """,
        unless="""
        لم أفقد|نفقد|يضع|تضع
        """,
        words="""
        paper: جواز*|شهاد*|*وثائق*|*وثيقة|مستند*|*أوراق*|هوية|بطاقة
        kept: *أرشيف|*سجل*
        """,
    ),
    Phrases(
        "uk",
        says="""
        не можу|можемо|можна|міг|могла|могли|зміг|змогла|змогли|вдалося|вдається ... {get}
        не маю|має|маємо змоги|можливості ... {get}
        неможливо|неможливість ... {get}
        немає|нема ... {paper}
        не маю|маємо|має ... {paper}
        ніколи не мав|мала|мали|було ... {paper}
        {paper} ... втрачен*|загублен*|знищен*|згорі*|вкраден*|викраден*
        втратив|втратила|втратили|загубив|загубила|загубили ... {paper}
        """,
        unless="""
        немає|нема ... питан*|потреб*
        не маю|маємо ... питан*|потреб*
        не загубив|загубила|втратив|втратила
        не втрачен*|загублен*|знищен*
        ви|вам не можете|можна
        """,
        words="""
        get: отримати|дістати|надати|знайти|подати|одержати|відновити
        paper: паспорт*|свідоцтв*|документ*|довідк*|посвідчен*
        """,
    ),
    Phrases(
        "ti",
        says="""
        {get} ... {cannot}
        {paper} ... የብለይን|የብልናን|የለን|የለንን
        {paper} ... ጠፊኡ*|ጠፊኣ*|ጠፍኣ*|ጠፊአን*|ኣጥፊአ*|ተሰሪቑ*|ተሰሪቓ*|ነዲዱ*|ነዲዳ*
        """,
        unless="""
        *ወረቐት*|*ሰነድ* ... ኣየድልየ*
        """,
        words="""
        get: ክረኽ*|ክረክ*|ክንረኽ*|ክንረክ*|ምርካብ|ምምጻእ|ከምጽእ*|ከምጽኦ*|ከነምጽእ*|ከቕርብ*|ከነቕርብ*
        paper: *ፓስፖርት*|*ወረቐት*|*ሰነድ*|*ምስክር*|*ሰርቲፊኬት*|*መንነት*
        cannot: ኣይከኣልኩን|ኣይክእልን|ኣይከኣልናን|ኣይንኽእልን|ኣይተኻእለን|ኣይተኻእለንን|ኣይተኻእለናን|ኣይከኣልን
        """,
    ),
)
"""Explains why a document cannot be had (`verklaring`)."""
