// What every page does. Each module finds its own elements, and does nothing where there are none.
import { set_message_count } from "./badge.js";
import { watchConversation } from "./conversation.js";
import { openInbox, showInbox } from "./inbox.js";
import { followNotifications } from "./notifications.js";
import { openCards } from "./person_card.js";
import { keepTimesCurrent } from "./times.js";
import { countCharacters } from "./counter.js";
import { keepDrafts } from "./drafts.js";
import { closeMenus } from "./menu.js";
import { showFirstError } from "./form_errors.js";
import { sendOnce } from "./send_once.js";
import { followBroadcasts } from "./admin_progress.js";
import "./push_start.js"; // what `registerServiceWorker` loads is here already, so its card stands when the page is shown

window.set_message_count = set_message_count;

const callbacks = { unread_message_count: set_message_count, inbox: showInbox };
openInbox(followNotifications(callbacks, watchConversation()));
openCards();
keepTimesCurrent();
countCharacters();
keepDrafts();
closeMenus();
showFirstError();
sendOnce();
followBroadcasts();

const { pushWorker, pushKey, pushApi } = document.body.dataset;
if (pushKey) window.registerServiceWorker(pushWorker, pushKey, pushApi);
